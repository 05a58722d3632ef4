import type { EmulatorApp } from '../world/apps';
import type { Grant } from '../world/credentials/grants';
import type { World } from '../world/world';
import { Refusal } from './refusal';
import { need, needApp, type Parameters } from './sns-call';

/** 40125 before 40029: a wrong secret is told before the code is looked at. */
function checkSecret(app: EmulatorApp, secret: string, code: string, world: World): void {
  if (secret === app.appSecret) return;
  if (world.switches.burnOnWrongSecret) world.codes.burn(code);
  throw new Refusal(40125);
}

/** What the two exchanges differ in. */
export interface Exchange {
  readonly codeParameter: 'code' | 'js_code';
  readonly grantTypeRequired: boolean;
  /** The apps whose codes are redeemed there; to others every code is unknown. */
  readonly appTypes: readonly EmulatorApp['type'][];
}

function takeCode(app: EmulatorApp, code: string, world: World): Grant {
  const redemption = world.codes.redeem(code, app.appId);
  if (typeof redemption !== 'string') return redemption.grant;
  if (redemption === 'unknown' && world.switches.burnOnMismatch) world.codes.burn(code);
  const errcodes = { unknown: 40029, expired: world.switches.expiredCode, used: 40163 };
  throw new Refusal(errcodes[redemption]);
}

/** The code exchange that access_token and jscode2session share, checks in WeChat's order. */
export function redeem(parameters: Parameters, exchange: Exchange, world: World): Grant {
  const appId = need(parameters['appid'], 41002);
  const app = needApp(appId, world);
  const secret = need(parameters['secret'], 41004);
  const code = need(parameters[exchange.codeParameter], 41008);
  const grantType = parameters['grant_type'] ?? (exchange.grantTypeRequired ? '' : 'authorization_code');
  if (grantType !== 'authorization_code') throw new Refusal(40002);
  checkSecret(app, secret, code, world);
  if (!exchange.appTypes.includes(app.type)) throw new Refusal(40029);
  return takeCode(app, code, world);
}
