import { grantIdentity } from '../world/credentials/grants';
import { randomSessionKey } from '../world/random';
import { redeem, type Exchange } from './redeem';
import { Refusal } from './refusal';
import type { Parameters } from './sns-call';
import type { JsonObject } from '../http/wechat-json';
import type { World } from '../world/world';

const MINI_PROGRAM: Exchange = {
  codeParameter: 'js_code',
  grantTypeRequired: false,
  appTypes: ['miniprogram'],
};

/** 小程序登录 code2Session. A missing grant_type is tolerated; a wrong one is not. */
export function jscode2session(parameters: Parameters, world: World): JsonObject {
  const grant = redeem(parameters, MINI_PROGRAM, world);
  if (grant.user.risky) throw new Refusal(40226);
  const { openid, unionid } = grantIdentity(grant);
  if (!world.miniProgramCalls.admit(openid)) throw new Refusal(45011);
  return {
    session_key: randomSessionKey(),
    openid,
    unionid: world.switches.unionid ? unionid : undefined,
  };
}
