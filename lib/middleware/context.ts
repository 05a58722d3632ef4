/** One request in our hands, and which account it asks for. */
import type { ServerResponse } from 'node:http';
import { WechatAuthError } from '../errors';
import { type HostRequest, type Next } from './http/request';
import type { ResolvedOptions, Account } from './options/resolve-options';
import type { WechatFlow } from '../oauth/endpoints';

export interface Context {
  readonly req: HostRequest;
  readonly res: ServerResponse;
  readonly next: Next;
  readonly config: ResolvedOptions;
  /** The address as it was below the mount point. Most requests need no more of it, so the mount is worked out when asked for. */
  readonly url: string;
}

export function contextOf(
  req: HostRequest,
  res: ServerResponse,
  next: Next,
  config: ResolvedOptions,
): Context {
  return { req, res, next, config, url: req.url ?? '/' };
}

export function accountOf({ config }: Context, flow: WechatFlow): Account {
  const account = config.accounts[flow];
  if (account) return account;
  const missing =
    flow === 'official' ? 'appId and appSecret of the official account' : 'website: { appId, appSecret }';
  throw new WechatAuthError(
    'config',
    `A ${flow} login was asked for, but wechatAuth() has no account for it. Give ${missing}.`,
  );
}
