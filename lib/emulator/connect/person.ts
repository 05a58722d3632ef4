import { oneOf } from '../http/form-error';
import type { IncomingRequest } from '../http/incoming-request';
import type { EmulatorUser } from '../world/people/users';
import type { World } from '../world/world';

/**
 * The person picked in a form; if the form has no such field, the person of this browser.
 *
 * @throws FormError if there is no such person.
 */
export function pickedPerson(incoming: IncomingRequest, world: World): EmulatorUser {
  const { person } = incoming.form;
  if (person === undefined) return personOf(incoming, world);
  const ids = world.users.all.map((user) => user.id);
  return world.users.get(oneOf(ids, 'person', person));
}

const COOKIE = 'wechat_emulator_person';

/** The person who was last picked in this browser, or the first user. */
export function personOf(incoming: IncomingRequest, world: World): EmulatorUser {
  const cookie = incoming.headers['cookie'] ?? '';
  const match = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]*)`).exec(cookie);
  const picked = world.users.all.find((user) => encodeURIComponent(user.id) === match?.[1]);
  return picked ?? world.users.first;
}

/** The header that makes a browser remember its person. */
export function rememberPerson(user: EmulatorUser): Record<string, string> {
  return { 'Set-Cookie': `${COOKIE}=${encodeURIComponent(user.id)}; Path=/; HttpOnly; SameSite=Lax` };
}
