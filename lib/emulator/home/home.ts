import type { Answer } from '../http/answer';
import { redirect } from '../http/answer';
import type { Incoming } from '../http/incoming';
import { personAt, rememberPerson } from '../connect/person';
import { languageOf } from '../pages/language';
import { spelledValue, setSwitches } from '../world/switch-values';
import type { World } from '../world/world';
import { homePage } from './home-page';
import { homeWords } from './home-words';

const MINUTE = 60_000;

// A page elsewhere could post to this machine; only our own forms may change anything.
const isForeign = (incoming: Incoming): boolean => {
  const site = incoming.headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
};

type Action = (incoming: Incoming, world: World) => Record<string, string> | undefined;

const actions = new Map<string, Action>([
  [
    'switches',
    ({ form }, world) => {
      const values = Object.entries(form).map(([name, text]) => [name, spelledValue(name, text)] as const);
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
      const offered = Object.keys(homeWords.zh.minutes).find((minutes) => minutes === form['minutes']);
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
export function home(incoming: Incoming, world: World): Answer {
  const action =
    incoming.method === 'POST' && !isForeign(incoming)
      ? actions.get(incoming.form['action'] ?? '')
      : undefined;
  if (action) return redirect('/', 303, action(incoming, world) ?? {});
  return homePage({
    world,
    person: personAt(incoming, world),
    origin: incoming.origin,
    language: languageOf(incoming.headers['accept-language']),
  });
}
