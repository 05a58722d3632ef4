/**
 * One callback domain for many apps: WeChat sends the browser to the relay, and the relay sends it on to the
 * app that started the login. It has no session and no secret, and it stores nothing.
 */
import type { ServerResponse } from 'node:http';
import {
  hasAmbiguousNames,
  mustChangeNothing,
  isSafeMethod,
  mountOf,
  pathOf,
  queryOf,
  type HostRequest,
} from '../middleware/http/request';
import { noContent, noStore, redirect } from '../middleware/http/response';
import { refuseMountedFactory } from '../middleware/options/options-error';
import { serveVerificationFile } from '../middleware/http/verification-file';
import type { WechatAuthMiddleware } from '../middleware/wechat-auth';
import { Warnings } from '../warnings';
import type { AllowList, RelayRefusal } from './allow-list';
import { RELAY_ROUTE } from './redirect-uri';
import type * as relayErrorModule from './relay-error';
import { resolveRelayOptions, type WechatRelayOptions } from './relay-options';

/**
 * Lets other apps use the callback domain of this host: mount it on the host that WeChat's console knows, and
 * give its address to each app as the option `relay` of `wechatAuth()`. It serves `GET /callback` below the
 * mount point, and sends browsers on only to addresses on its list.
 *
 * @throws WechatAuthError of kind `config` that lists every fault of the options.
 *
 * @example
 * app.use('/wechat', wechatRelay({ to: ['https://staging.example.com', 'http://localhost:3000/callback'] }));
 * // in each of these apps: wechatAuth({ relay: 'https://auth.example.com/wechat' })
 */
export function wechatRelay(options: WechatRelayOptions): WechatAuthMiddleware {
  refuseMountedFactory(
    options,
    'wechatRelay',
    'middleware that it returns: app.use(path, wechatRelay({ to }))',
  );
  const { allowList, verificationFiles: files } = resolveRelayOptions(options);
  const warnings = new Warnings();

  return function wechatRelayMiddleware(req, res, next) {
    const url = req.url ?? '/';
    const mount = (): string => mountOf(req, url);
    const served = { files, mount, warnings, middleware: 'wechatRelay()' };
    if (files.size > 0 && serveVerificationFile(req, res, served)) return;
    const isOurs = isSafeMethod(req) && [RELAY_ROUTE, `${RELAY_ROUTE}/`].includes(pathOf(url));
    if (isOurs) relay(req, res, allowList, warnings);
    else next();
  };
}

function relay(req: HostRequest, res: ServerResponse, allowList: AllowList, warnings: Warnings): void {
  noStore(res);
  // The address holds an authorization code.
  res.setHeader('Referrer-Policy', 'no-referrer');
  if (mustChangeNothing(req)) {
    noContent(res);
    return;
  }
  const query = queryOf(req.url ?? '');
  const target = targetIn(query, allowList);
  if (typeof target !== 'string') {
    redirect(req, res, locationFor(target, query));
    return;
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: only refused requests need it
  const { relayError, sendRelayError } = require('./relay-error') as typeof relayErrorModule;
  const error = relayError(target, query.get('to') ?? '');
  warnings.once('WECHAT_RELAY_REFUSED', { en: error.message, zh: error.remedy.zh }, target);
  sendRelayError(req, res, error);
}

function targetIn(query: URLSearchParams, allowList: AllowList): URL | RelayRefusal {
  if (hasAmbiguousNames(query)) return 'repeated';
  const to = query.get('to') ?? '';
  return to === '' ? 'missing' : allowList.find(to);
}

/** Appended as text: URLSearchParams would change the spelling of the app's own parameters. */
function locationFor(target: URL, query: URLSearchParams): string {
  const location = new URL(target);
  const code = query.get('code');
  const state = query.get('state');
  const added = [
    // Where the user refused, WeChat sends the state alone, or an empty code.
    ...(code ? [`code=${encodeURIComponent(code)}`] : []),
    ...(state === null ? [] : [`state=${encodeURIComponent(state)}`]),
  ];
  const own = location.search.slice(1);
  location.search = [...(own === '' ? [] : [own]), ...added].join('&');
  return location.href;
}
