import { accessToken } from './access-token';
import { auth } from './auth';
import { jscode2session } from './jscode2session';
import { refreshToken } from './refresh-token';
import { Refusal } from './refusal';
import type { SnsApi } from './sns-call';
import { userinfo } from './userinfo';

/** The API at a path below `/sns/`. An unknown path returns 40066. */
export function findSnsApi(path: string): SnsApi {
  return APIS.get(path) ?? invalidURL;
}

const APIS = new Map<string, SnsApi>([
  ['/sns/oauth2/access_token', accessToken],
  ['/sns/oauth2/refresh_token', refreshToken],
  ['/sns/auth', auth],
  ['/sns/userinfo', userinfo],
  ['/sns/jscode2session', jscode2session],
]);

function invalidURL(): never {
  throw new Refusal(40066);
}
