import { personOf, pickedPerson, rememberPerson } from '../connect/person';
import { FormError, oneOf } from '../http/form-error';
import type { IncomingRequest } from '../http/incoming-request';
import { redirect, type OutgoingResponse } from '../http/outgoing-response';
import { languageOf } from '../pages/language';
import { MINUTE_MS } from '../world/clock';
import { parseSwitchValue, setSwitches } from '../world/switch-values';
import type { World } from '../world/world';
import { homePage } from './home-page';
import { HOME_TEXTS } from './home-texts';

/** `/`: the emulator's own page. A POST carries out the `action` of one of its forms. */
export function handleHome(incoming: IncomingRequest, world: World): OutgoingResponse {
  const { action } = incoming.form;
  if (incoming.method === 'POST' && action !== undefined) {
    const carryOut = ACTIONS[oneOf(Object.keys(ACTIONS), 'action', action)];
    return redirect('/', 303, carryOut?.(incoming, world) ?? {});
  }
  return homePage({
    world,
    person: personOf(incoming, world),
    origin: incoming.origin,
    language: languageOf(incoming.headers['accept-language']),
  });
}

/** Returns the headers of the response. */
type Action = (incoming: IncomingRequest, world: World) => Record<string, string> | undefined;

const ACTIONS: Readonly<Record<string, Action>> = {
  switches: changeSwitches,
  person: pickPerson,
  advance: advanceClock,
  clear: clearRequests,
};

function changeSwitches({ form }: IncomingRequest, world: World): undefined {
  const fields = Object.entries(form).filter(([name]) => name !== 'action');
  const values = fields.map(([name, text]) => [name, parseSwitchValue(name, text)] as const);
  try {
    setSwitches(world.switches, Object.fromEntries(values));
  } catch (error) {
    throw error instanceof TypeError ? new FormError(error.message) : error;
  }
}

function pickPerson(incoming: IncomingRequest, world: World): Record<string, string> {
  return rememberPerson(pickedPerson(incoming, world));
}

function advanceClock({ form }: IncomingRequest, world: World): undefined {
  const minutes = oneOf(Object.keys(HOME_TEXTS.zh.minutes), 'minutes', form['minutes']);
  world.clock.advance(Number(minutes) * MINUTE_MS);
}

function clearRequests(_: IncomingRequest, world: World): undefined {
  world.requests.length = 0;
}
