import type { IncomingRequest } from '../../http/incoming-request';
import type { JsonObject } from '../../http/wechat-json';
import { ACCOUNT_TOKEN_LIFETIME } from '../../world/credentials/account-tokens';
import type { World } from '../../world/world';
import { Refusal } from '../refusal';
import { requireParameter, type Parameters } from '../sns-call';
import { jsonParameters } from './json-parameters';

/**
 * The token of a third-party platform (获取令牌). A platform is known if an app lists it in `components`. The
 * emulator knows no secrets and sends no tickets of platforms, so it accepts any text for these two.
 */
export function componentToken(_: Parameters, world: World, incoming: IncomingRequest): JsonObject {
  const parameters = jsonParameters(incoming);
  const appId = requireParameter(parameters['component_appid'], 41018);
  requireParameter(parameters['component_appsecret'], 41004);
  if (parameters['component_verify_ticket'] === undefined) throw new Refusal(61006);
  if (!world.apps.hasPlatform(appId)) throw new Refusal(40013);
  const { token } = world.componentTokens.issue(appId);
  return { component_access_token: token, expires_in: ACCOUNT_TOKEN_LIFETIME };
}
