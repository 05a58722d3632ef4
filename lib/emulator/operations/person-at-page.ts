import { setTimeout as sleep } from 'node:timers/promises';
import { loginPathOf, openLink, simulateLogin, type Callbacks } from '../connect/behaviour';
import { plannedRefusal } from '../connect/page-refusal';
import { BUSY } from '../faults/deliver-fault';
import type { EmulatorFault } from '../faults/fault';
import { describeFault, needsRealResponse, type FaultPlan, type PlannedFault } from '../faults/fault-plan';
import { badInput } from '../world/bad-input';
import { MAX_SHOWN } from '../world/printable';
import type { World } from '../world/world';

/** The person at a login page, and what they do there. */
export interface PersonOptions {
  /** Id of the user. @default the first user */
  readonly user?: string;
  /**
   * Whether the person presses 允许 (true) or 拒绝 (false). It has no effect if WeChat does not ask the person:
   * for `snsapi_base`, for a follower, for the virtual user of the snapshot page, and, with the switch
   * `recentLogin: 'silent'`, for a person who has allowed the app before.
   *
   * @default true, unless the switch `consent` is 'deny'
   */
  readonly allow?: boolean;
  /** On the snapshot page: whether the person presses 使用完整服务. @default false: the virtual user logs in */
  readonly fullService?: boolean;
}

/** Logs a person in at a login page without a browser. A planned fault of the page applies. */
export async function authorize(
  address: string,
  options: PersonOptions,
  world: World,
  faults: FaultPlan,
): Promise<Callbacks> {
  const url = parseAddress(address);
  const path = loginPathOf(url, world);
  const { user, allow = world.switches.consent !== 'deny', fullService = false } = options;
  const behaviour = { person: world.users.getOrFirst(user), allow, fullService };
  const link = openLink(url, world);
  const login = (): Callbacks => simulateLogin(link, behaviour, world);
  const subject = { app: link.query['appid'], user: behaviour.person.id, code: undefined };
  const planned = faults.take(path, () => subject);
  if (!planned) return login();
  link.entry.fault = describeFault(planned.fault);
  return callbacksUnderFault(planned, login);
}

function parseAddress(address: string): URL {
  if (URL.canParse(address)) return new URL(address);
  throw badInput(
    new TypeError(
      `The url ${JSON.stringify(address.slice(0, MAX_SHOWN))} is not an address. Give a whole one.`,
    ),
  );
}

/**
 * The callbacks that a browser would open although the response of the login page is faulty. Most faults
 * leave none, because the browser gets no redirect.
 */
async function callbacksUnderFault(
  { fault, delay, workDone }: PlannedFault,
  login: () => Callbacks,
): Promise<Callbacks> {
  const real: Callbacks = workDone ? login() : [];
  await sleep(delay + (typeof fault === 'object' && 'delay' in fault ? fault.delay : 0));
  if (typeof fault === 'object' && 'errcode' in fault) throw plannedRefusal(fault.errcode, fault.errmsg);
  if (needsRealResponse(fault)) {
    // These faults change the body or its speed, but a redirect is in the headers.
    if (!workDone) throw plannedRefusal(BUSY);
    return real;
  }
  const location = redirectOf(fault);
  return location === undefined ? [] : [location];
}

function redirectOf(fault: EmulatorFault): string | undefined {
  if (typeof fault === 'string') return undefined;
  if ('redirect' in fault) return fault.redirect;
  if (!('status' in fault) || fault.status < 300 || fault.status > 399) return undefined;
  return Object.entries(fault.headers ?? {}).find(([name]) => name.toLowerCase() === 'location')?.[1];
}
