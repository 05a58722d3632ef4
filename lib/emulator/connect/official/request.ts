import type { Phrase } from '../../pages/language';
import { scopesOf, type EmulatorApp } from '../../world/apps';
import type { World } from '../../world/world';
import { checkLink, type LoginLink } from '../login-link';
import { PageRefusal, TEXTS_WITHOUT_CODE } from '../page-refusal';
import { redirectURIFault } from '../redirect-uri';

/** A web authorization (网页授权) whose parameters WeChat accepts. */
export interface OfficialRequest {
  readonly app: EmulatorApp;
  readonly redirectURI: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
  readonly forcePopup: boolean;
  readonly forceSnapShot: boolean;
  readonly componentAppId: string | undefined;
}

const MAX_STATE_BYTES = 128;

function missingParameter(name: string): Phrase {
  return { zh: `缺少 ${name}`, en: `${name} is missing` };
}

function findApp(appId: string, world: World): EmulatorApp {
  const app = world.apps.find(appId);
  if (!app) {
    const known = world.apps.all.map((each) => each.appId).join(', ');
    throw new PageRefusal(TEXTS_WITHOUT_CODE.appId, undefined, {
      zh: `没有应用 ${JSON.stringify(appId)}；模拟器认识 ${known}`,
      en: `no app ${JSON.stringify(appId)}; the emulator knows ${known}`,
    });
  }
  if (app.type === 'website') {
    throw PageRefusal.withCode(10016, {
      zh: `${appId} 是网站应用，请用 /connect/qrconnect`,
      en: `${appId} is a website app: use /connect/qrconnect`,
    });
  }
  if (app.banned) {
    throw PageRefusal.withCode(10004, { zh: `${appId} 设为已封禁`, en: `${appId} is marked as banned` });
  }
  return app;
}

function checkComponent(app: EmulatorApp, componentAppId: string | undefined): void {
  if (componentAppId === undefined || app.components?.includes(componentAppId)) return;
  throw PageRefusal.withCode(10015, {
    zh: `${app.appId} 没有授权给第三方平台 ${componentAppId}`,
    en: `${app.appId} did not authorise the platform ${componentAppId}`,
  });
}

function checkScopes(app: EmulatorApp, scopes: readonly string[]): void {
  const missing = scopes.filter((scope) => !scopesOf(app).includes(scope));
  if (app.type === 'official' && missing.length === 0) return;
  const asked = (app.type === 'official' ? missing : scopes).join(', ');
  throw PageRefusal.withCode(10005, {
    zh: `${app.appId}（${app.type}）不能申请 ${asked}`,
    en: `${app.appId} (${app.type}) may not ask for ${asked}`,
  });
}

function checkState(state: string | undefined, world: World): void {
  if (!state && world.switches.missingState === 'refuse')
    throw PageRefusal.withCode(10013, missingParameter('state'));
  const bytes = Buffer.byteLength(state ?? '');
  if (bytes > MAX_STATE_BYTES) {
    throw new PageRefusal(TEXTS_WITHOUT_CODE.state, undefined, {
      zh: `state 有 ${bytes} 字节，最多 ${MAX_STATE_BYTES} 字节`,
      en: `state has ${bytes} bytes; ${MAX_STATE_BYTES} are allowed`,
    });
  }
}

/** The checks of the authorize page, one after the other; the first that fails is the page that people see. */
export function parseOfficialRequest(link: LoginLink, world: World): OfficialRequest {
  const { appid, redirect_uri: redirectURI, scope, state, component_appid: component } = link.query;
  if (!appid) throw PageRefusal.withCode(10012, missingParameter('appid'));
  if (!redirectURI) throw PageRefusal.withCode(10011, missingParameter('redirect_uri'));
  if (!scope) throw PageRefusal.withCode(10010, missingParameter('scope'));
  checkState(state, world);
  checkLink(link, world.switches);
  const app = findApp(appid, world);
  checkComponent(app, component);
  const scopes = scope.split(',').map((each) => each.trim());
  checkScopes(app, scopes);
  const fault = redirectURIFault(redirectURI, app);
  if (fault !== undefined) throw PageRefusal.withCode(10003, fault);
  return {
    app,
    redirectURI,
    scopes,
    state,
    forcePopup: link.query['forcePopup'] === 'true',
    forceSnapShot: link.query['forceSnapShot'] === 'true',
    componentAppId: component,
  };
}
