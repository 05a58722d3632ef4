import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import { allowedOfficialCallback, type GrantOptions } from './callbacks';
import type { OfficialRequest } from './request';

/**
 * The callback address of the second call, which WeChat on Android makes after the first: with the same code,
 * or with another valid code. Undefined if the switch `doubleCallback` is off.
 */
export function secondOfficialCallback(
  first: string,
  request: OfficialRequest,
  user: EmulatorUser,
  world: World,
  options: GrantOptions = {},
): string | undefined {
  const { doubleCallback } = world.switches;
  if (doubleCallback === 'off') return undefined;
  return doubleCallback === 'same-code' ? first : allowedOfficialCallback(request, user, world, options);
}
