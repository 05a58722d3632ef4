import { APP_TYPES } from '../../pages/app-types';
import type { Phrase } from '../../pages/language';
import { scopesOf, type EmulatorApp } from '../../world/apps/apps';
import type { World } from '../../world/world';
import { findApp, missingParameter, type LoginLink } from '../login-link';
import { PageRefusal, TEXTS_WITHOUT_CODE } from '../page-refusal';
import { redirectURIProblem } from '../redirect-uri';

/**
 * An authorization request of a website app (网站应用微信登录) that WeChat accepts. The state may have any length.
 */
export interface WebsiteRequest {
  readonly app: EmulatorApp;
  readonly redirectURI: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
}

/**
 * Parses the address of the QR code page. The checks are in this order: appid, scope, redirect_uri.
 *
 * @throws PageRefusal for the first check that fails.
 */
export function parseWebsiteRequest(link: LoginLink, world: World): WebsiteRequest {
  const { appid, redirect_uri: redirectURI, scope, state } = link.query;
  const app = findApp(appid ?? '', world);
  const scopes = parseScopes(scope, app);
  if (!redirectURI) return refuse(TEXTS_WITHOUT_CODE.redirectURI, missingParameter('redirect_uri'));
  const problem = redirectURIProblem(redirectURI, app);
  if (problem !== undefined) {
    link.warn(problem.en);
    return refuse(TEXTS_WITHOUT_CODE.redirectURI, problem);
  }
  return { app, redirectURI, scopes, state };
}

function parseScopes(scope: string | undefined, app: EmulatorApp): string[] {
  const scopes = (scope ?? '').split(',').map((each) => each.trim());
  if (app.type === 'website' && scopes.every((each) => scopesOf(app).includes(each))) return scopes;
  const asked = JSON.stringify(scope ?? '');
  return refuse(TEXTS_WITHOUT_CODE.scope, {
    zh: `${app.appId} 是${APP_TYPES.zh[app.type]}，不能在这里申请 ${asked}`,
    en: `${app.appId} (${APP_TYPES.en[app.type]}) may not ask for ${asked} here`,
  });
}

function refuse(text: string, advice: Phrase): never {
  throw new PageRefusal(text, undefined, advice);
}
