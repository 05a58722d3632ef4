/** Requires a session, and says why a request has none. Each reason has a message of its own. */
import { WechatAuthError } from '../../errors';
import { fullURL, pathOf, type HostRequest } from '../http/request';
import { getSession, SESSION_ENDED, type Session } from './session';
import type { SessionWatch } from './session-watch';

/**
 * @throws WechatAuthError of kind `session_missing`: without a session, no state can be checked and no login
 * saved.
 */
export function requireSession(
  req: HostRequest,
  { sessionWatch }: { readonly sessionWatch: SessionWatch },
): Session {
  const session = getSession(req);
  if (!session) throw missingSession(req, sessionWatch);
  sessionWatch.recordSession(req, session);
  return session;
}

/**
 * The reasons:
 *
 * - `none`: no session middleware ran, as far as the request shows.
 * - `ended`: the app has set `req.session` to null, or has destroyed the session.
 * - `path`: express-session gives no session to paths that its `cookie.path` leaves out.
 * - `disconnected`: express-session gives no session to any request while its store is disconnected.
 */
type Reason = 'none' | 'ended' | 'path' | 'disconnected';

function missingSession(req: HostRequest, watch: SessionWatch): WechatAuthError {
  const reason = reasonOf(req, watch);
  const status = reason === 'disconnected' ? { status: 503 } : {};
  return new WechatAuthError('session_missing', MESSAGES[reason](watch), status);
}

function reasonOf(req: HostRequest, watch: SessionWatch): Reason {
  const { session, sessionStore, sessionOptions } = req as HostRequest & Readonly<Record<string, unknown>>;
  if (session === null || sessionStore !== undefined || sessionOptions !== undefined) return 'ended';
  const { cookiePath } = watch;
  if (cookiePath !== undefined && !pathOf(fullURL(req)).startsWith(cookiePath)) return 'path';
  if (watch.hadSession(req)) return 'disconnected';
  const layers = layersOf(req);
  const own = layers.findLastIndex(({ handle }) => handle?.name === 'wechatAuthMiddleware');
  // If wechatAuth() is in a router of its own, the order is not known.
  const before = own < 0 ? layers : layers.slice(0, own);
  const isMounted = before.some((layer) => isExpressSession(layer) && isAtRoot(layer));
  // express-session parses the path with `parseurl`, which leaves its result on the request. It does so only
  // if its store is connected. Without express-session, another middleware may have left the result.
  const hasParsed = '_parsedOriginalUrl' in req && (isMounted || !before.some(parsesPath));
  if (hasParsed && cookiePath === undefined) return 'path';
  return isMounted && own >= 0 ? 'disconnected' : 'none';
}

const MESSAGES: Readonly<Record<Reason, (watch: SessionWatch) => string>> = {
  none: () =>
    'req.session is missing when wechatAuth() runs. Mount cookie-session or express-session before wechatAuth(), ' +
    'not after it, on every path that wechatAuth() serves. If express-session is mounted so, its store is ' +
    'disconnected: check the store.',
  ended: () => SESSION_ENDED,
  path: ({ cookiePath }) =>
    'express-session gives no session to this request, because its `cookie.path`' +
    `${cookiePath === undefined ? '' : ` (${JSON.stringify(cookiePath)})`} leaves out a route of wechatAuth(). ` +
    "Set `cookie.path` to '/', its default, or mount wechatAuth() below that path.",
  disconnected: () =>
    'The session store is disconnected: express-session gives requests no session until the store is connected ' +
    'again. Check the store, then try again.',
};

/** A mounted middleware: as Express 4, Express 5 (`slash`) and Connect (`route`) record it. */
interface Layer {
  readonly handle?: ((...args: never) => unknown) | { readonly name?: undefined };
  readonly regexp?: { readonly fast_slash?: boolean };
  readonly slash?: boolean;
  readonly route?: unknown;
}

interface App {
  readonly _router?: { readonly stack?: readonly Layer[] };
  readonly router?: { readonly stack?: readonly Layer[] };
  readonly stack?: readonly Layer[];
}

/** The middleware of the app, in its order. In Connect, only the server of the socket leads to the app. */
function layersOf(req: HostRequest): readonly Layer[] {
  const app = req.app as App | undefined;
  // In Express 4, `router` is a getter that throws.
  if (app) return (app._router ?? app.router)?.stack ?? [];
  const { server } = req.socket as { server?: { listeners?: (event: string) => unknown[] } };
  const listeners = server?.listeners?.('request') ?? [];
  return listeners.flatMap((listener) => (listener as App).stack ?? []);
}

/** A bundler renames the function, but not the property that it sets. */
function isExpressSession({ handle }: Layer): boolean {
  return typeof handle === 'function' && String(handle).includes('.sessionStore');
}

/** Whether a middleware at the root parses the path as express-session does, such as `express.static()`. */
function parsesPath(layer: Layer): boolean {
  const { handle } = layer;
  return typeof handle === 'function' && isAtRoot(layer) && String(handle).includes('.original(');
}

function isAtRoot({ regexp, slash, route }: Layer): boolean {
  return regexp?.fast_slash ?? slash ?? route === '';
}
