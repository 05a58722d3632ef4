import { APP_TYPES } from '../../pages/app-types';
import { scopesOf, type EmulatorApp } from '../../world/apps/apps';
import type { World } from '../../world/world';
import { checkLink, findApp, missingParameter, type LoginLink } from '../login-link';
import { PageRefusal, TEXTS_WITHOUT_CODE } from '../page-refusal';
import { redirectURIProblem } from '../redirect-uri';

/** An authorization request of an H5 page (网页授权) that WeChat accepts. */
export interface OfficialRequest {
  readonly app: EmulatorApp;
  readonly redirectURI: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
  readonly forcePopup: boolean;
  readonly forceSnapShot: boolean;
  readonly componentAppId: string | undefined;
}

/**
 * Parses the address of the authorize page. The order of the checks decides which error page a person sees.
 *
 * @throws PageRefusal for the first check that fails.
 */
export function parseOfficialRequest(link: LoginLink, world: World): OfficialRequest {
  const { appid, redirect_uri: redirectURI, scope, state, component_appid: component } = link.query;
  if (!appid) throw PageRefusal.withCode(10012, missingParameter('appid'));
  if (!redirectURI) throw PageRefusal.withCode(10011, missingParameter('redirect_uri'));
  if (!scope) throw PageRefusal.withCode(10010, missingParameter('scope'));
  checkState(state, world);
  checkLink(link, world.switches);
  const app = findAccount(appid, world);
  checkComponent(app, component);
  const scopes = scope.split(',').map((each) => each.trim());
  checkScopes(app, scopes);
  const problem = redirectURIProblem(redirectURI, component === undefined ? app : PLATFORM);
  if (problem !== undefined) {
    link.warn(problem.en);
    throw PageRefusal.withCode(10003, problem);
  }
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

// A platform's callbacks are on its own domain (公众号开发域名), which the emulator does not know.
const PLATFORM = { appId: 'the platform', domains: undefined };

const MAX_STATE_BYTES = 128;

function checkState(state: string | undefined, world: World): void {
  if (!state && world.switches.missingState === 'refuse') {
    throw PageRefusal.withCode(10013, missingParameter('state'));
  }
  const bytes = Buffer.byteLength(state ?? '');
  if (bytes <= MAX_STATE_BYTES) return;
  throw new PageRefusal(TEXTS_WITHOUT_CODE.state, undefined, {
    zh: `state 有 ${bytes} 字节，最多 ${MAX_STATE_BYTES} 字节`,
    en: `state has ${bytes} bytes; at most ${MAX_STATE_BYTES} are allowed`,
  });
}

function findAccount(appId: string, world: World): EmulatorApp {
  const app = findApp(appId, world);
  if (app.type === 'website') {
    throw PageRefusal.withCode(10016, {
      zh: `${appId} 是网站应用，请使用 /connect/qrconnect`,
      en: `${appId} is a website app: use /connect/qrconnect`,
    });
  }
  if (app.banned) {
    throw PageRefusal.withCode(10004, {
      zh: `${appId} 在模拟器中被设为已封禁`,
      en: `${appId} is marked as banned in the emulator`,
    });
  }
  return app;
}

function checkComponent(app: EmulatorApp, componentAppId: string | undefined): void {
  if (componentAppId === undefined || app.components?.includes(componentAppId)) return;
  throw PageRefusal.withCode(10015, {
    zh: `${app.appId} 没有授权第三方平台 ${componentAppId}`,
    en: `${app.appId} has not authorized the third-party platform ${componentAppId}`,
  });
}

function checkScopes(app: EmulatorApp, scopes: readonly string[]): void {
  const isOfficial = app.type === 'official';
  const refused = isOfficial ? scopes.filter((scope) => !scopesOf(app).includes(scope)) : scopes;
  if (isOfficial && refused.length === 0) return;
  throw PageRefusal.withCode(10005, {
    zh: `${app.appId}（${APP_TYPES.zh[app.type]}）不能申请 ${refused.join(', ')}`,
    en: `${app.appId} (${APP_TYPES.en[app.type]}) may not ask for ${refused.join(', ')}`,
  });
}
