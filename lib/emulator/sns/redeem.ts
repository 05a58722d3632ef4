import type { EmulatorApp } from '../world/apps/apps';
import type { IssuedCode } from '../world/credentials/codes';
import type { World } from '../world/world';
import { Refusal } from './refusal';
import { requireParameter, requireApp, type Parameters } from './sns-call';

/** The differences between the two code exchanges, access_token and jscode2session. */
export interface Exchange {
  readonly codeParameter: 'code' | 'js_code';
  readonly grantTypeRequired: boolean;
  /** The types of apps that may exchange their codes here. For other apps, every code is invalid (40029). */
  readonly appTypes: readonly EmulatorApp['type'][];
}

/**
 * Exchanges a code, for access_token and jscode2session. The order of the checks is part of the emulation.
 *
 * @throws Refusal for the first check that fails.
 */
export function redeem(parameters: Parameters, exchange: Exchange, world: World): IssuedCode {
  const appId = requireParameter(parameters['appid'], 41002);
  const app = requireApp(appId, world);
  const secret = requireParameter(parameters['secret'], 41004);
  const code = requireParameter(parameters[exchange.codeParameter], 41008);
  const grantType = parameters['grant_type'] ?? (exchange.grantTypeRequired ? '' : 'authorization_code');
  if (grantType !== 'authorization_code') throw new Refusal(40002);
  checkSecret(app, secret, code, world);
  if (!exchange.appTypes.includes(app.type)) throw new Refusal(40029);
  return redeemCode(app, code, world);
}

/** The secret is checked before the code: with both wrong, the errcode is 40125 and not 40029. */
function checkSecret(app: EmulatorApp, secret: string, code: string, world: World): void {
  if (secret === app.appSecret) return;
  if (world.switches.burnOnWrongSecret) world.codes.spend(code);
  throw new Refusal(40125);
}

/** @throws Refusal if the code is not a valid one of this app. */
export function redeemCode(app: EmulatorApp, code: string, world: World): IssuedCode {
  const redemption = world.codes.redeem(code, app.appId);
  if (typeof redemption !== 'string') return redemption;
  if (redemption === 'unknown' && world.switches.burnOnMismatch) world.codes.spend(code);
  const errcodes = { unknown: 40029, expired: world.switches.expiredCode, used: 40163 };
  throw new Refusal(errcodes[redemption]);
}
