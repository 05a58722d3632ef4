import type { IncomingRequest } from '../http/incoming-request';
import type { EmulatorUser } from '../world/people/users';
import type { World } from '../world/world';

const COOKIE = 'wechat_emulator_person';

/** Whose phone this browser is: the person last picked here, else the first user. */
export function personOf(request: IncomingRequest, world: World): EmulatorUser {
  const cookie = request.headers['cookie'] ?? '';
  const match = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]*)`).exec(cookie);
  const chosen = world.users.all.find((user) => encodeURIComponent(user.id) === match?.[1]);
  return chosen ?? world.users.first;
}

export function rememberPerson(user: EmulatorUser): Record<string, string> {
  return {
    'Set-Cookie': `${COOKIE}=${encodeURIComponent(user.id)}; Path=/; HttpOnly; SameSite=Lax`,
  };
}

/** The person picked in a form, else the one of this browser. */
export function pickedPerson(request: IncomingRequest, world: World): EmulatorUser {
  return world.users.find(request.form['person']) ?? personOf(request, world);
}
