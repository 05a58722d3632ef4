/** Which flow a login uses: the requested one, otherwise the one that fits this browser. */
import { WechatAuthError } from '../../errors';
import {
  FLOWS,
  PAGE_FLOWS,
  flowFor,
  isPageFlow,
  worksIn,
  type BrowserKind,
  type PageFlow,
} from '../../oauth/flows';
import { logsBrowsersIn, type Context } from '../context';
import { callInTime } from '../failures/call-in-time';
import type { HostRequest } from '../http/request';
import { browserKind } from '../http/user-agent';
import { shown } from '../options/options-error';
import type { ResolvedOptions } from '../options/resolve-options';

/** The flow that was requested or that fits this browser; `undefined` if no configured account fits. */
export async function chooseFlow(
  context: Context,
  requested: PageFlow | undefined,
): Promise<PageFlow | undefined> {
  const { req, config } = context;
  const wanted: unknown = requested ?? (await configuredFlow(context));
  if (isPageFlow(wanted)) return wanted;
  if (wanted !== 'auto') {
    const names = PAGE_FLOWS.map((name) => `'${name}'`).join(', ');
    const what = requested === undefined ? 'option flow returned' : 'flow of this login is';
    throw new WechatAuthError('config', `The ${what} ${shown(wanted)}. Use one of 'auto', ${names}.`);
  }
  if (!logsBrowsersIn(context)) throw noBrowserLogin();
  const browser = browserKind(req);
  return flowFor(browser, (flow) => isAvailable(config, flow, browser));
}

/** The option `flow` for this request. A function of the app may return anything, and is called only once. */
async function configuredFlow(context: Context): Promise<unknown> {
  const { req, config } = context;
  const { flow } = config;
  if (typeof flow !== 'function') return flow;
  const known = CHOSEN.get(req);
  if (known?.by === flow) return known.result;
  const result = callInTime('The option flow', () => flow(req));
  CHOSEN.set(req, { by: flow, result });
  return result;
}

/** What a function of the app returned for a request. Each `wechatAuth()` may have another function. */
const CHOSEN = new WeakMap<HostRequest, { readonly by: unknown; readonly result: Promise<unknown> }>();

/**
 * The flow that a link names, if a user of this browser can log in with it. Only `flow: 'auto'` leaves the
 * choice to a link.
 */
export async function flowOfLink(context: Context, named: string | null): Promise<PageFlow | undefined> {
  if (!isPageFlow(named) || !isUsable(context, named)) return undefined;
  return (await configuredFlow(context)) === 'auto' ? named : undefined;
}

/**
 * Whether any link may name this flow in this browser. It is false if the option is a function: the login
 * route calls it, and it may choose another flow.
 */
export function mayLinkName(context: Context, flow: PageFlow): boolean {
  return context.config.flow === 'auto' && isUsable(context, flow);
}

/** Whether this browser gets this flow if a login names none. */
export function isDefaultFlow({ req, config }: Context, flow: PageFlow): boolean {
  if (config.flow !== 'auto') return config.flow === flow;
  const browser = browserKind(req);
  return flowFor(browser, (each) => isAvailable(config, each, browser)) === flow;
}

function isUsable({ req, config }: Context, flow: PageFlow): boolean {
  const browser = browserKind(req);
  return isAvailable(config, flow, browser) && worksIn(browser, flow);
}

function noBrowserLogin(): WechatAuthError {
  return new WechatAuthError(
    'config',
    'A browser cannot log in here: wechatAuth() has only accounts whose clients post codes ' +
      '(req.wechat.loginWithCode). Give appId and appSecret of the official account, or website.',
  );
}

function isAvailable(
  { accounts, scanLogin }: ResolvedOptions,
  flow: PageFlow,
  browser: BrowserKind,
): boolean {
  if (flow !== 'scan') return accounts[FLOWS[flow].account] !== undefined;
  // A phone gets no scan login if there is a website app: the page that asks to open WeChat links to WeChat's
  // own QR code login, which serves a phone as well.
  return scanLogin !== undefined && (browser !== 'phone' || accounts.website === undefined);
}
