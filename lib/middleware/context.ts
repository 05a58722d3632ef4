/** One request in our hands, and which account it asks for. */
import type { ServerResponse } from 'node:http';
import { WechatAuthError } from '../errors';
import { type HostRequest, type Next } from './http/request';
import type { Settled, Account } from './options/resolve-options';
import type { Flow } from '../oauth/endpoints';

export interface Visit {
  readonly req: HostRequest;
  readonly res: ServerResponse;
  readonly next: Next;
  readonly settled: Settled;
  /** The address as it was below the mount point. Most requests need no more of it, so the mount is worked out when asked for. */
  readonly url: string;
}

export function visitOf(req: HostRequest, res: ServerResponse, next: Next, settled: Settled): Visit {
  return { req, res, next, settled, url: req.url ?? '/' };
}

export function accountOf({ settled }: Visit, flow: Flow): Account {
  const account = settled.accounts[flow];
  if (account) return account;
  const missing =
    flow === 'official' ? 'appId and appSecret of the official account' : 'website: { appId, appSecret }';
  throw new WechatAuthError(
    'config',
    `A ${flow} login was asked for, but wechatAuth() has no account for it. Give ${missing}.`,
  );
}
