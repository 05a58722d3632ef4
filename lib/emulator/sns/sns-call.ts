import type { IncomingRequest } from '../http/incoming-request';
import type { OutgoingResponse } from '../http/outgoing-response';
import type { JsonObject } from '../http/wechat-json';
import type { EmulatorApp } from '../world/apps/apps';
import type { World } from '../world/world';
import { apiResponse, Refusal, refusalResponse } from './refusal';

/**
 * The parameters of a call, from the query or a posted form. `/sns` does not read a JSON body. A parameter
 * with an empty value counts as absent.
 */
export type Parameters = Readonly<Record<string, string | undefined>>;

/**
 * One API. Returns the fields of the response, or throws a {@link Refusal}.
 */
export type SnsApi = (parameters: Parameters, world: World, incoming: IncomingRequest) => JsonObject;

/** Calls an API. The status is always 200: only `errcode` distinguishes a failure from a success. */
export function callSnsApi(api: SnsApi, incoming: IncomingRequest, world: World): OutgoingResponse {
  try {
    refuseBySwitch(incoming, world);
    const fields = api(parametersOf(incoming), world, incoming);
    const zero = world.switches.errcodeZero ? { errcode: 0, errmsg: 'ok' } : {};
    return apiResponse({ ...zero, ...fields }, incoming.path);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return refusalResponse(error, incoming.path, world);
  }
}

function refuseBySwitch({ secure }: IncomingRequest, { switches }: World): void {
  if (switches.requireHttps && !secure) throw new Refusal(43003);
  if (switches.trouble === 'busy') throw new Refusal(-1);
  if (switches.trouble === 'quota') throw new Refusal(45011);
}

function parametersOf({ query, form }: IncomingRequest): Parameters {
  const merged = Object.assign(Object.create(null), query, form) as Record<string, string>;
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}

/** @throws Refusal with this errcode if the parameter is absent. */
export function requireParameter(value: string | undefined, errcodeIfAbsent: number): string {
  if (value === undefined) throw new Refusal(errcodeIfAbsent);
  return value;
}

/** @throws Refusal if there is no app with this AppID. */
export function requireApp(appId: string, world: World): EmulatorApp {
  const app = world.apps.find(appId);
  if (!app) throw new Refusal(40013);
  return app;
}
