import type { IncomingRequest } from '../http/incoming-request';
import type { JsonObject } from '../http/wechat-json';
import type { Grant } from '../world/credentials/grants';
import type { World } from '../world/world';
import { checkAccessToken } from './check-access-token';
import { profileOf } from './profile';
import { Refusal } from './refusal';
import type { Parameters } from './sns-call';

/**
 * Reads a profile (拉取用户信息, 需 scope 为 snsapi_userinfo). Sex, language and places have been empty for everybody
 * since October 2021.
 */
export function userinfo(parameters: Parameters, world: World, { origin }: IncomingRequest): JsonObject {
  const grant = checkAccessToken(parameters, world, world.switches.foreignOpenid);
  if (!mayReadProfile(grant, world)) throw new Refusal(48001);
  const profile = profileOf(grant, world, world.publicOrigin(origin));
  return {
    openid: profile.openid,
    nickname: profile.nickname,
    sex: 0,
    language: '',
    city: '',
    province: '',
    country: '',
    headimgurl: profile.headimgurl,
    privilege: profile.privilege,
    unionid: profile.unionid,
  };
}

const PROFILE_SCOPES = ['snsapi_userinfo', 'snsapi_login'];

function mayReadProfile(grant: Grant, { switches }: World): boolean {
  if (grant.virtual && switches.snapshotUserinfo === 'unauthorized') return false;
  return switches.baseReadsUserinfo || grant.scopes.some((scope) => PROFILE_SCOPES.includes(scope));
}
