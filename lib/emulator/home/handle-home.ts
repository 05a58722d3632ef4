import type { OutgoingResponse } from '../http/outgoing-response';
import { redirect } from '../http/outgoing-response';
import type { IncomingRequest } from '../http/incoming-request';
import { personOf, rememberPerson } from '../connect/person';
import { languageOf } from '../pages/language';
import { parseSwitchValue, setSwitches } from '../world/switch-values';
import type { World } from '../world/world';
import { homePage } from './home-page';
import { HOME_TEXTS } from './home-texts';

const MINUTE = 60_000;

// A page elsewhere could post to this machine; only our own forms may change anything.
function isForeign(incoming: IncomingRequest): boolean {
  const site = incoming.headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

type Action = (incoming: IncomingRequest, world: World) => Record<string, string> | undefined;

const ACTIONS = new Map<string, Action>([
  [
    'switches',
    ({ form }, world) => {
      const values = Object.entries(form).map(
        ([name, text]) => [name, parseSwitchValue(name, text)] as const,
      );
      setSwitches(world.switches, Object.fromEntries(values.filter(([, value]) => value !== undefined)));
      return undefined;
    },
  ],
  [
    'person',
    ({ form }, world) => {
      const user = world.users.find(form['person']);
      return user && rememberPerson(user);
    },
  ],
  [
    'advance',
    ({ form }, world) => {
      const offered = Object.keys(HOME_TEXTS.zh.minutes).find((minutes) => minutes === form['minutes']);
      if (offered !== undefined) world.clock.advance(Number(offered) * MINUTE);
      return undefined;
    },
  ],
  [
    'clear',
    (_, world) => {
      world.requests.length = 0;
      return undefined;
    },
  ],
]);

/** `/`: the emulator's own page. A POST carries out the `action` of one of its forms. */
export function handleHome(incoming: IncomingRequest, world: World): OutgoingResponse {
  const action =
    incoming.method === 'POST' && !isForeign(incoming)
      ? ACTIONS.get(incoming.form['action'] ?? '')
      : undefined;
  if (action) return redirect('/', 303, action(incoming, world) ?? {});
  return homePage({
    world,
    person: personOf(incoming, world),
    origin: incoming.origin,
    language: languageOf(incoming.headers['accept-language']),
  });
}
