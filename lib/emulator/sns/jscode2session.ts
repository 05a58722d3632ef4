import type { JsonObject } from '../http/wechat-json';
import type { IssuedCode } from '../world/credentials/codes';
import { grantIdentity } from '../world/credentials/grants';
import { randomSessionKey } from '../world/random';
import type { World } from '../world/world';
import { redeem, type Exchange } from './redeem';
import { Refusal } from './refusal';
import type { Parameters } from './sns-call';

const MINI_PROGRAM: Exchange = {
  codeParameter: 'js_code',
  grantTypeRequired: false,
  appTypes: ['miniprogram'],
};

/**
 * Exchanges a mini program's code for a session key (小程序登录 code2Session). Unlike access_token, it accepts a
 * missing grant_type.
 */
export function jscode2session(parameters: Parameters, world: World): JsonObject {
  return sessionOf(redeem(parameters, MINI_PROGRAM, world), world);
}

/** The session for a code that was redeemed. */
export function sessionOf({ grant }: IssuedCode, world: World): JsonObject {
  if (grant.user.risky) throw new Refusal(40226);
  const { openid, unionid } = grantIdentity(grant);
  if (!world.miniProgramCalls.admit(openid)) throw new Refusal(45011);
  return {
    session_key: randomSessionKey(),
    openid,
    unionid: world.switches.unionid ? unionid : undefined,
  };
}
