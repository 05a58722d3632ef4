/** One request that the middleware handles, with the options that apply to it. */
import type { ServerResponse } from 'node:http';
import { WechatAuthError } from '../errors';
import { ACCOUNT_FLOWS, FLOWS, PAGE_FLOWS, type WechatFlow } from '../oauth/flows';
import type { HostRequest, Next } from './http/request';
import type { Account } from './options/account';
import type { ResolvedOptions } from './options/resolve-options';

export interface Context {
  readonly req: HostRequest;
  readonly res: ServerResponse;
  readonly next: Next;
  readonly config: ResolvedOptions;
  /**
   * `req.url` when the middleware ran; frameworks change it later. The mount path is derived from it on
   * demand.
   */
  readonly url: string;
  /**
   * `req.params` when the middleware ran: the parts of the mount path that matched its pattern, such as
   * `/:tenant`. Connect has none.
   */
  readonly params: object | null | undefined;
}

export function contextOf(
  req: HostRequest,
  res: ServerResponse,
  next: Next,
  config: ResolvedOptions,
): Context {
  return { req, res, next, config, url: req.url ?? '/', params: (req as { params?: object }).params };
}

/** @throws WechatAuthError of kind `config` if the option `account` found no account for this request. */
export function requireAccount({ config }: Pick<Context, 'config'>): void {
  if (config.missingAccount) throw config.missingAccount.error();
}

/** @throws WechatAuthError of kind `config` if the options have no account for this flow. */
export function accountOf(context: Context, flow: WechatFlow): Account {
  requireAccount(context);
  const account = context.config.accounts[FLOWS[flow].account];
  if (account) return account;
  throw new WechatAuthError(
    'config',
    `A login with the flow '${flow}' was requested, but wechatAuth() has no account for it. ` +
      `Give ${FLOWS[flow].credentials.example}.`,
  );
}

/** Whether an account sends browsers to a page of WeChat. Otherwise only clients that post codes log in. */
export function logsBrowsersIn({ config }: Context): boolean {
  return PAGE_FLOWS.some((flow) => config.accounts[FLOWS[flow].account] !== undefined);
}

/**
 * Whether a login belongs to an account of this request. An openid is valid only for its AppID, and a code
 * only for the account that asked for it.
 */
export function isOfThisAccount(
  { accounts }: ResolvedOptions,
  { flow, appid }: { readonly flow: WechatFlow; readonly appid?: string | undefined },
): boolean {
  return appid !== undefined && accounts[FLOWS[flow].account]?.appid === appid;
}

/** The first configured account, in this order: official account, website app, mini program, mobile app. */
export function mainAccountOf(context: Context): Account {
  const configured = ACCOUNT_FLOWS.find((flow) => context.config.accounts[flow]);
  return accountOf(context, configured ?? ACCOUNT_FLOWS[0]);
}
