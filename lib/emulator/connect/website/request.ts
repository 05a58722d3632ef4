import type { Phrase } from '../../pages/language';
import { scopesOf, type EmulatorApp } from '../../world/apps';
import type { World } from '../../world/world';
import type { LoginLink } from '../login-link';
import { PageRefusal, TEXTS_WITHOUT_CODE } from '../page-refusal';
import { redirectURIFault } from '../redirect-uri';

/** A QR login (网站应用微信登录) whose parameters WeChat accepts. The state is returned as it is, however long. */
export interface WebsiteRequest {
  readonly app: EmulatorApp;
  readonly redirectURI: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
}

function refuse(text: string, advice: Phrase): never {
  throw new PageRefusal(text, undefined, advice);
}

function readScopes(scope: string | undefined, app: EmulatorApp): string[] {
  const scopes = (scope ?? '').split(',').map((each) => each.trim());
  const allowed = app.type === 'website' && scopes.every((each) => scopesOf(app).includes(each));
  if (!allowed) {
    const asked = JSON.stringify(scope ?? '');
    refuse(TEXTS_WITHOUT_CODE.scope, {
      zh: `${app.appId}（${app.type}）不能在这里申请 ${asked}`,
      en: `${app.appId} (${app.type}) may not ask for ${asked} here`,
    });
  }
  return scopes;
}

/** The checks of the QR page: appid, then scope, then redirect_uri. */
export function parseWebsiteRequest(link: LoginLink, world: World): WebsiteRequest {
  const { appid, redirect_uri: redirectURI, scope, state } = link.query;
  const app = world.apps.find(appid);
  if (!app) {
    const known = world.apps.all.map((each) => each.appId).join(', ');
    return refuse(TEXTS_WITHOUT_CODE.appId, {
      zh: `没有应用 ${JSON.stringify(appid ?? '')}；模拟器认识 ${known}`,
      en: `no app ${JSON.stringify(appid ?? '')}; the emulator knows ${known}`,
    });
  }
  const scopes = readScopes(scope, app);
  if (!redirectURI)
    return refuse(TEXTS_WITHOUT_CODE.redirectURI, { zh: '缺少 redirect_uri', en: 'redirect_uri is missing' });
  const fault = redirectURIFault(redirectURI, app);
  if (fault !== undefined) return refuse(TEXTS_WITHOUT_CODE.redirectURI, fault);
  return { app, redirectURI, scopes, state };
}
