import type { IncomingRequest } from '../../http/incoming-request';
import type { JsonObject } from '../../http/wechat-json';
import type { EmulatorApp } from '../../world/apps/apps';
import { ACCOUNT_TOKEN_LIFETIME } from '../../world/credentials/account-tokens';
import type { World } from '../../world/world';
import { Refusal } from '../refusal';
import { requireParameter, requireApp, type Parameters } from '../sns-call';
import { jsonParameters } from './json-parameters';

/** A new access token of an account (获取接口调用凭据). The previous one works for five more minutes. */
export function accountToken(parameters: Parameters, world: World): JsonObject {
  const { token } = world.accountTokens.issue(checkedAccount(parameters, world).appId);
  return { access_token: token, expires_in: ACCOUNT_TOKEN_LIFETIME };
}

/** The access token of an account that stays the same until it expires (获取稳定版接口调用凭据). */
export function stableToken(_: Parameters, world: World, incoming: IncomingRequest): JsonObject {
  const parameters = jsonParameters(incoming);
  const { appId } = checkedAccount(parameters, world);
  const tokens = world.accountTokens;
  const { token, expiresAt } =
    parameters['force_refresh'] === 'true' ? tokens.issue(appId) : tokens.currentOrNew(appId);
  return { access_token: token, expires_in: Math.ceil((expiresAt - world.clock.now()) / 1000) };
}

/** Only official accounts and mini programs have such tokens. */
function checkedAccount(parameters: Parameters, world: World): EmulatorApp {
  if (parameters['grant_type'] !== 'client_credential') throw new Refusal(40002);
  const app = requireApp(requireParameter(parameters['appid'], 41002), world);
  if (app.type === 'website') throw new Refusal(40013);
  if (requireParameter(parameters['secret'], 41004) !== app.appSecret) throw new Refusal(40125);
  return app;
}
