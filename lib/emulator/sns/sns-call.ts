import { plain, type OutgoingResponse } from '../http/outgoing-response';
import type { IncomingRequest } from '../http/incoming-request';
import type { EmulatorApp } from '../world/apps';
import type { World } from '../world/world';
import { Refusal, refusalBody } from './refusal';
import { wechatJSON, type JsonObject } from '../http/wechat-json';

/** Parameters come by query or by a posted form; a JSON body is not read. Empty counts as absent. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** One API: an object to answer with, or a thrown {@link Refusal}. */
export type SnsApi = (parameters: Parameters, world: World) => JsonObject;

function parametersOf(request: IncomingRequest): Parameters {
  const merged = Object.assign(Object.create(null), request.query, request.form) as Record<string, string>;
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}

function refuseInTrouble(request: IncomingRequest, { switches }: World): void {
  if (switches.requireHttps && !request.secure) throw new Refusal(43003);
  if (switches.trouble === 'busy') throw new Refusal(-1);
  if (switches.trouble === 'quota') throw new Refusal(45011);
}

/** Every answer is a 200; success and failure differ by `errcode` alone. */
export function callSnsApi(api: SnsApi, request: IncomingRequest, world: World): OutgoingResponse {
  try {
    refuseInTrouble(request, world);
    const fields = api(parametersOf(request), world);
    const zero = world.switches.errcodeZero ? { errcode: 0, errmsg: 'ok' } : {};
    const json = { ...zero, ...fields };
    return { ...plain(wechatJSON(json)), json };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return plain(refusalBody(error, world));
  }
}

export function need(value: string | undefined, errcodeWhenAbsent: number): string {
  if (value === undefined) throw new Refusal(errcodeWhenAbsent);
  return value;
}

export function needApp(appId: string, world: World): EmulatorApp {
  const app = world.apps.find(appId);
  if (!app) throw new Refusal(40013);
  return app;
}
