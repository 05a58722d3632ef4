import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import type { OfficialRequest } from './request';
import { allowedOfficialCallback, type GrantOptions } from './callbacks';

/** Where WeChat on Android calls a second time: with the same code, or with another one that is good too. */
export function secondOfficialCallback(
  first: string,
  request: OfficialRequest,
  user: EmulatorUser,
  world: World,
  granting: GrantOptions = {},
): string | undefined {
  const { doubleCallback } = world.switches;
  if (doubleCallback === 'off') return undefined;
  return doubleCallback === 'same-code' ? first : allowedOfficialCallback(request, user, world, granting);
}
