// Every attack runs on each framework, there on one of the variants (mount, kind of session). The variants
// rotate from attack to attack, and start at another one on each framework, so that an attack runs on several
// of them. WECHAT_TESTS=full runs every attack on every variant.
import { FULL } from '../../support/full';
import { HOSTS } from '../../support/hosts';
import type { SessionName } from '../../support/sessions';
import { attackEach, type Attack, type Corpus } from './corpus';
import { MOUNTS, type SiteOptions } from './site';

/**
 * The rows that run on this variant. Each row runs on exactly one variant (unless WECHAT_TESTS=full), and
 * rows with the same entry point or payload are spread over the variants.
 */
export function partOf<T>(rows: readonly T[], variant: number, variants: number, turn = 0): T[] {
  return FULL ? [...rows] : rows.filter((_row, at) => (digitSum(at, variants) + turn) % variants === variant);
}

/**
 * The sum of the digits of a row's position. With the position itself, in a table with two or four entry
 * points for each payload, an entry point would always run on the same variant.
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

/** Like attackEach(), but each site runs only its part of the attacks, and all those of `everywhere`. */
export function attackInRotation(
  corpus: Corpus,
  target: string,
  sites: readonly SiteOptions[],
  attacks: readonly Attack[],
  title: string,
  everywhere: readonly Attack[] = [],
): void {
  const sessions = [...new Set(sites.map(({ session = 'cookie-session' }) => session))];
  for (const site of sites)
    attackEach(corpus, target, [site], [...partForSite(attacks, site, sessions), ...everywhere], title);
}
