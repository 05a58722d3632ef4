import type { IncomingRequest } from '../http/incoming-request';
import { UNFRAMABLE, type OutgoingResponse } from '../http/outgoing-response';
import type { World } from '../world/world';
import { accessToken } from './access-token';
import { accountToken, stableToken } from './account/account-token';
import { componentToken } from './account/component-token';
import { ticket } from './account/ticket';
import { auth } from './auth';
import { componentAccessToken, componentJscode2session, componentRefreshToken } from './component';
import { jscode2session } from './jscode2session';
import { refreshToken } from './refresh-token';
import { Refusal, refusalResponse } from './refusal';
import { callSnsApi, type SnsApi } from './sns-call';
import { userinfo } from './userinfo';

const APIS = new Map<string, SnsApi>([
  ['/sns/oauth2/access_token', accessToken],
  ['/sns/oauth2/refresh_token', refreshToken],
  ['/sns/auth', auth],
  ['/sns/userinfo', userinfo],
  ['/sns/jscode2session', jscode2session],
  ['/sns/oauth2/component/access_token', componentAccessToken],
  ['/sns/oauth2/component/refresh_token', componentRefreshToken],
  ['/sns/component/jscode2session', componentJscode2session],
  ['/cgi-bin/token', accountToken],
  ['/cgi-bin/stable_token', stableToken],
  ['/cgi-bin/ticket/getticket', ticket],
  ['/cgi-bin/component/api_component_token', componentToken],
]);

/**
 * Calls the API at the request's path. At a path that is not emulated, the response is WeChat's error 40066,
 * and the developer gets a line about it.
 */
export function handleApi(incoming: IncomingRequest, world: World): OutgoingResponse {
  const api = APIS.get(incoming.path);
  if (api) return callSnsApi(api, incoming, world);
  const request = `${incoming.method} ${incoming.path}`;
  const text = `${request} is not emulated: the response is errcode 40066. The emulated APIs are in docs/emulator.md.`;
  incoming.warn('the emulator does not emulate this path');
  world.notices.once(request, text);
  const response = refusalResponse(new Refusal(40066), incoming.path, world);
  return { ...response, headers: { ...response.headers, ...UNFRAMABLE } };
}

/** Whether a request to this path may issue or spend something, so that other sites must not send it. */
export function isApiPath(path: string): boolean {
  return path.startsWith('/sns/') || path.startsWith('/cgi-bin/');
}
