import type { HostName } from '../../support/hosts';
import { RawBrowser } from '../../support/raw-browser';
import { HOSTS } from '../../support/hosts';
import { nameOf, startSite, type Site, type SiteOptions } from './site';
import { emulator } from '../../support/emulator';

/** One attack: says what got through, or nothing. */
export interface Attack<S = Site> {
  readonly name: string;
  readonly run: (site: S) => Promise<string | undefined>;
}

/** Counts the attacks of a file, framework by framework, and what got through. */
export class Corpus {
  readonly #ran = new Map<HostName, number>();
  readonly #succeeded: string[] = [];

  /** Runs them in turn; what got through is told with the name of its attack. */
  async run<S extends { readonly host: HostName }>(
    site: S,
    attacks: readonly Attack<S>[],
  ): Promise<string[]> {
    const through: string[] = [];
    for (const attack of attacks) {
      this.#ran.set(site.host, (this.#ran.get(site.host) ?? 0) + 1);
      const got = await attack.run(site).catch((error: unknown) => `broke: ${String(error)}`);
      if (got !== undefined) through.push(`${attack.name}: ${got}`);
    }
    this.#succeeded.push(...through.map((each) => `${site.host}: ${each}`));
    return through;
  }

  /** The last test of a file: nothing was left out, nothing got through. */
  expectAll(counts: number | Readonly<Record<HostName, number>>): void {
    const expected = HOSTS.map((host) => [host, typeof counts === 'number' ? counts : counts[host]] as const);
    const all = expected.reduce((sum, [, count]) => sum + count, 0);
    const each = expected.map(([host, count]) => `${count} on ${host}`).join(', ');
    describe('the corpus of this file', () => {
      it(`ran ${all} attacks (${each}), and 0 got through`, () => {
        expect(Object.fromEntries(this.#ran)).toEqual(Object.fromEntries(expected));
        expect(this.#succeeded).toEqual([]);
      });
    });
  }
}

/** A group of attacks on each of these sites, and an honest login after it. */
export function attackEach(
  corpus: Corpus,
  door: string,
  sites: readonly SiteOptions[],
  attacks: readonly Attack[],
  promise: string,
): void {
  describe.each(sites.map((options) => [nameOf(options), options] as const))(
    `${door}: %s`,
    (_name, options) => {
      let site: Site;
      beforeAll(async () => {
        site = await startSite(emulator, options);
      });
      afterAll(() => site.close());

      it(`${promise} (${attacks.length} attacks)`, async () => {
        expect(await corpus.run(site, attacks)).toEqual([]);
        expect(site.errors).toEqual([]);
      }, 60_000);

      it('still logs an honest person in', async () => {
        await expectHonestLogin(site);
      });
    },
  );
}

export async function expectHonestLogin(site: Site): Promise<void> {
  const honest = new RawBrowser(site);
  expect((await honest.logIn('follower')).status).toBe(302);
  expect(await honest.loggedInAs()).toBe(emulator.openid('follower', emulator.apps.official.appId));
}
