// Each attack on each framework; what else there is to vary goes from row to row, and the frameworks begin at different ends,
// so that an attack meets another variant on the next framework. WECHAT_TESTS=full runs every attack on every variant.
import { FULL } from '../../support/full';
import type { SessionName } from '../../support/sessions';
import { attackEach, type Attack, type Corpus } from './corpus';
import { HOSTS } from '../../support/hosts';
import { MOUNTS, type SiteOptions } from './site';

/** The rows of one of so many ways: each row has exactly one, and no door or payload that repeats in the table always the same. */
export function partOf<T>(rows: readonly T[], way: number, ways: number, turn = 0): T[] {
  return FULL ? [...rows] : rows.filter((_row, at) => (digitSum(at, ways) + turn) % ways === way);
}

/** By position alone, tables made of rows times two or four doors would keep a door to one way. */
function digitSum(at: number, base: number): number {
  return at < base ? at : (at % base) + digitSum(Math.floor(at / base), base);
}

/** The rows of a site: its mount, and its kind of session where that varies, take turns within its framework. */
export function partForSite<T>(
  rows: readonly T[],
  { host, mount = '', session = 'cookie-session' }: SiteOptions,
  sessions: readonly SessionName[] = [session],
  turn = 0,
): T[] {
  const ways = MOUNTS.flatMap((each) => sessions.map((kind) => `${each} ${kind}`));
  return partOf(rows, ways.indexOf(`${mount} ${session}`), ways.length, HOSTS.indexOf(host) + turn);
}

/** As attackEach, with the attacks in turn; those that name a mount or a route of ours go to every site. */
export function attackInRotation(
  corpus: Corpus,
  door: string,
  sites: readonly SiteOptions[],
  attacks: readonly Attack[],
  promise: string,
  everywhere: readonly Attack[] = [],
): void {
  const sessions = [...new Set(sites.map(({ session = 'cookie-session' }) => session))];
  for (const site of sites)
    attackEach(corpus, door, [site], [...partForSite(attacks, site, sessions), ...everywhere], promise);
}
