import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import type { AuthorizeRequest } from './request';
import { grantedCallback, type Granting } from './callbacks';

/** Where WeChat on Android calls a second time: with the same code, or with another one that is good too. */
export function secondCallback(
  first: string,
  request: AuthorizeRequest,
  user: EmulatorUser,
  world: World,
  granting: Granting = {},
): string | undefined {
  const { doubleCallback } = world.switches;
  if (doubleCallback === 'off') return undefined;
  return doubleCallback === 'same-code' ? first : grantedCallback(request, user, world, granting);
}
