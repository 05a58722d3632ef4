import { scopesOf, type EmulatorApp } from '../world/apps';
import type { World } from '../world/world';
import { checkLink, type LoginLink } from './authorize-link';
import { PageRefusal, unnumbered } from './page-refusal';
import { redirectFault } from './redirect-uri';

/** A web authorization (网页授权) whose parameters WeChat accepts. */
export interface AuthorizeRequest {
  readonly app: EmulatorApp;
  readonly redirectURI: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
  readonly forcePopup: boolean;
  readonly forceSnapShot: boolean;
  readonly componentAppId: string | undefined;
}

const MAX_STATE_BYTES = 128;

function findApp(appId: string, world: World): EmulatorApp {
  const app = world.apps.find(appId);
  if (!app) {
    const known = world.apps.all.map((each) => each.appId).join(', ');
    throw new PageRefusal(
      unnumbered.appId,
      undefined,
      `no app ${JSON.stringify(appId)}; the emulator knows ${known}`,
    );
  }
  if (app.type === 'website')
    throw PageRefusal.numbered(10016, `${appId} is a website app: use /connect/qrconnect`);
  if (app.banned) throw PageRefusal.numbered(10004, `${appId} is marked as banned`);
  return app;
}

function checkComponent(app: EmulatorApp, componentAppId: string | undefined): void {
  if (componentAppId === undefined || app.components?.includes(componentAppId)) return;
  throw PageRefusal.numbered(10015, `${app.appId} did not authorise the platform ${componentAppId}`);
}

function checkScopes(app: EmulatorApp, scopes: readonly string[]): void {
  const missing = scopes.filter((scope) => !scopesOf(app).includes(scope));
  if (app.type === 'official' && missing.length === 0) return;
  throw PageRefusal.numbered(10005, `${app.appId} (${app.type}) may not ask for ${missing.join(', ')}`);
}

function checkState(state: string | undefined, world: World): void {
  if (!state && world.switches.missingState === 'refuse')
    throw PageRefusal.numbered(10013, 'state is missing');
  const bytes = Buffer.byteLength(state ?? '');
  if (bytes > MAX_STATE_BYTES) {
    throw new PageRefusal(
      unnumbered.state,
      undefined,
      `state has ${bytes} bytes; ${MAX_STATE_BYTES} are allowed`,
    );
  }
}

/** The checks of the authorize page, one after the other; the first that fails is the page that people see. */
export function readAuthorizeRequest(link: LoginLink, world: World): AuthorizeRequest {
  const { appid, redirect_uri: redirectURI, scope, state, component_appid: component } = link.query;
  if (!appid) throw PageRefusal.numbered(10012, 'appid is missing');
  if (!redirectURI) throw PageRefusal.numbered(10011, 'redirect_uri is missing');
  if (!scope) throw PageRefusal.numbered(10010, 'scope is missing');
  checkState(state, world);
  checkLink(link, world.switches);
  const app = findApp(appid, world);
  checkComponent(app, component);
  const scopes = scope.split(',').map((each) => each.trim());
  checkScopes(app, scopes);
  const fault = redirectFault(redirectURI, app);
  if (fault !== undefined) throw PageRefusal.numbered(10003, fault);
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
