import { personOf, rememberPerson } from '../connect/person';
import type { IncomingRequest } from '../http/incoming-request';
import { redirect, type OutgoingResponse } from '../http/outgoing-response';
import { languageOf } from '../pages/language';
import { parseSwitchValue, setSwitches } from '../world/switch-values';
import type { World } from '../world/world';
import { homePage } from './home-page';
import { HOME_TEXTS } from './home-texts';

/** `/`: the emulator's own page. A POST carries out the `action` of one of its forms. */
export function handleHome(incoming: IncomingRequest, world: World): OutgoingResponse {
  const action = incoming.method === 'POST' ? ACTIONS.get(incoming.form['action'] ?? '') : undefined;
  if (action) return redirect('/', 303, action(incoming, world) ?? {});
  return homePage({
    world,
    person: personOf(incoming, world),
    origin: incoming.origin,
    language: languageOf(incoming.headers['accept-language']),
  });
}

/** Returns the headers of the response. */
type Action = (incoming: IncomingRequest, world: World) => Record<string, string> | undefined;

const ACTIONS = new Map<string, Action>([
  ['switches', changeSwitches],
  ['person', pickPerson],
  ['advance', advanceClock],
  ['clear', clearRequests],
]);

function changeSwitches({ form }: IncomingRequest, world: World): undefined {
  const values = Object.entries(form).map(([name, text]) => [name, parseSwitchValue(name, text)] as const);
  setSwitches(world.switches, Object.fromEntries(values.filter(([, value]) => value !== undefined)));
}

function pickPerson({ form }: IncomingRequest, world: World): Record<string, string> | undefined {
  const user = world.users.find(form['person']);
  return user && rememberPerson(user);
}

const MINUTE_MS = 60_000;

function advanceClock({ form }: IncomingRequest, world: World): undefined {
  const offered = Object.keys(HOME_TEXTS.zh.minutes).find((minutes) => minutes === form['minutes']);
  if (offered !== undefined) world.clock.advance(Number(offered) * MINUTE_MS);
}

function clearRequests(_: IncomingRequest, world: World): undefined {
  world.requests.length = 0;
}
