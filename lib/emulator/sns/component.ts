import type { JsonObject } from '../http/wechat-json';
import type { EmulatorApp } from '../world/apps/apps';
import type { IssuedCode } from '../world/credentials/codes';
import type { World } from '../world/world';
import { tokenResponse } from './access-token';
import { sessionOf } from './jscode2session';
import { redeemCode } from './redeem';
import { refreshed } from './refresh-token';
import { Refusal } from './refusal';
import { requireParameter, requireApp, type Parameters } from './sns-call';

/** Exchanges a code for tokens on behalf of an account (第三方平台代公众号发起网页授权). */
export function componentAccessToken(parameters: Parameters, world: World): JsonObject {
  return tokenResponse(redeemForComponent(parameters, ['code', ['official']], world), world);
}

/** Exchanges a mini program's code for a session key on behalf of the mini program (第三方平台小程序登录). */
export function componentJscode2session(parameters: Parameters, world: World): JsonObject {
  return sessionOf(redeemForComponent(parameters, ['js_code', ['miniprogram']], world), world);
}

/** Refreshes an access token on behalf of an account. WeChat looks for refresh_token before appid. */
export function componentRefreshToken(parameters: Parameters, world: World): JsonObject {
  const token = requireParameter(parameters['refresh_token'], 41003);
  const app = requireApp(requireParameter(parameters['appid'], 41002), world);
  const component = requireComponent(parameters);
  if (parameters['grant_type'] !== 'refresh_token') throw new Refusal(40002);
  checkComponent(component, app, world);
  return refreshed(token, app.appId, world);
}

function redeemForComponent(
  parameters: Parameters,
  [codeParameter, appTypes]: readonly [string, readonly EmulatorApp['type'][]],
  world: World,
): IssuedCode {
  const app = requireApp(requireParameter(parameters['appid'], 41002), world);
  const component = requireComponent(parameters);
  const code = requireParameter(parameters[codeParameter], 41008);
  if (parameters['grant_type'] !== 'authorization_code') throw new Refusal(40002);
  checkComponent(component, app, world);
  // The code of another platform is as unknown as that of another app.
  const requester = world.codes.grantOf(code)?.component ?? component.appId;
  if (requester !== component.appId || !appTypes.includes(app.type)) throw new Refusal(40029);
  return redeemCode(app, code, world);
}

interface Component {
  readonly appId: string;
  readonly token: string;
}

function requireComponent(parameters: Parameters): Component {
  const appId = requireParameter(parameters['component_appid'], 41018);
  return { appId, token: requireParameter(parameters['component_access_token'], 41001) };
}

function checkComponent(component: Component, app: EmulatorApp, world: World): void {
  const issued = world.componentTokens.find(component.token);
  if (!issued && world.switches.componentToken === 'issued') throw new Refusal(40001);
  if (issued && issued.appId !== component.appId) throw new Refusal(40001);
  if (issued && world.componentTokens.isExpired(issued)) throw new Refusal(42001);
  if (!app.components?.includes(component.appId)) throw new Refusal(61003);
}
