// Every attack runs on each framework, and meets one of the other variants (mount, kind of session) there.
// The variants rotate from attack to attack, and start at another one on each framework, so that an attack
// meets several of them. WECHAT_TESTS=full runs every attack on every variant.
import { FULL } from '../../support/full';
import { HOSTS } from '../../support/hosts';
import type { SessionName } from '../../support/sessions';
import { attackEach, type Attack, type Corpus } from './corpus';
import { MOUNTS, type SiteOptions } from './site';

/**
 * The rows of one of so many variants: each row belongs to exactly one, and rows that repeat an entry point
 * or a payload do not always belong to the same one.
 */
export function partOf<T>(rows: readonly T[], variant: number, variants: number, turn = 0): T[] {
  return FULL ? [...rows] : rows.filter((_row, at) => (digitSum(at, variants) + turn) % variants === variant);
}

/**
 * The position alone would tie an entry point to one variant in a table of rows times two or four entry
 * points.
 */
function digitSum(at: number, base: number): number {
  return at < base ? at : (at % base) + digitSum(Math.floor(at / base), base);
}

/** The rows of a site; its variants are its mount and, if the kind of session varies, its kind of session. */
export function partForSite<T>(
  rows: readonly T[],
  { host, mount = '', session = 'cookie-session' }: SiteOptions,
  sessions: readonly SessionName[] = [session],
  turn = 0,
): T[] {
  const variants = MOUNTS.flatMap((each) => sessions.map((kind) => `${each} ${kind}`));
  const variant = variants.indexOf(`${mount} ${session}`);
  return partOf(rows, variant, variants.length, HOSTS.indexOf(host) + turn);
}

/** As attackEach, with the attacks in rotation; attacks that name a mount or a route run on every site. */
export function attackInRotation(
  corpus: Corpus,
  target: string,
  sites: readonly SiteOptions[],
  attacks: readonly Attack[],
  promise: string,
  everywhere: readonly Attack[] = [],
): void {
  const sessions = [...new Set(sites.map(({ session = 'cookie-session' }) => session))];
  for (const site of sites)
    attackEach(corpus, target, [site], [...partForSite(attacks, site, sessions), ...everywhere], promise);
}
