import { HOSTS, type HostName } from '../../support/hosts';
import { RawBrowser } from '../../support/browsers/raw-browser';
import { describeSites, openidOf, type Site, type SiteOptions } from './site';

/** One attack. It returns what the attacker achieved, or undefined if it failed. */
export interface Attack {
  readonly name: string;
  readonly run: (site: Site) => Promise<string | undefined>;
}

/** Counts the attacks of a test file by framework, and records the ones that succeeded. */
export class Corpus {
  readonly #ran = new Map<HostName, number>();
  readonly #succeeded: string[] = [];

  /** Runs the attacks one after another, and returns the ones that succeeded, with what they achieved. */
  async run(site: Site, attacks: readonly Attack[]): Promise<string[]> {
    const names = attacks.map(({ name }) => name);
    const repeated = names.find((name, at) => names.indexOf(name) < at);
    if (repeated !== undefined) throw new Error(`two attacks have the name ${repeated}`);
    const succeeded: string[] = [];
    for (const attack of attacks) {
      this.#ran.set(site.host, (this.#ran.get(site.host) ?? 0) + 1);
      const result = await attack.run(site).catch((error: unknown) => `threw ${String(error)}`);
      if (result !== undefined) succeeded.push(`${attack.name}: ${result}`);
    }
    this.#succeeded.push(...succeeded.map((each) => `${site.host}: ${each}`));
    return succeeded;
  }

  /**
   * The last test of a file: every attack ran and none succeeded. The number is a constant, so that the test
   * fails if an attack gets lost. If you add an attack, change it.
   */
  expectAll(counts: number | Readonly<Record<HostName, number>>): void {
    const expected = HOSTS.map((host) => [host, typeof counts === 'number' ? counts : counts[host]] as const);
    const all = expected.reduce((sum, [, count]) => sum + count, 0);
    const each = expected.map(([host, count]) => `${count} on ${host}`).join(', ');
    describe('the corpus of this file', () => {
      it(`ran ${all} attacks (${each}), and none succeeded`, () => {
        expect(Object.fromEntries(this.#ran)).toEqual(Object.fromEntries(expected));
        expect(this.#succeeded).toEqual([]);
      });
    });
  }
}

/** Tests of a group of attacks on each of these sites, followed by an ordinary login. */
export function attackEach(
  corpus: Corpus,
  target: string,
  sites: readonly SiteOptions[],
  attacks: readonly Attack[],
  title: string,
): void {
  describeSites(`${target}: %s`, sites, (site) => {
    it(`${title} (${attacks.length} attacks)`, async () => {
      expect(await corpus.run(site(), attacks)).toEqual([]);
      expect(site().errors).toEqual([]);
    }, 60_000);

    it('still logs in an ordinary user', async () => {
      await expectOrdinaryLogin(site());
    });
  });
}

export async function expectOrdinaryLogin(site: Site): Promise<void> {
  const browser = new RawBrowser(site);
  expect((await browser.logIn('follower')).status).toBe(302);
  expect(await browser.loggedInAs()).toBe(openidOf('follower'));
}
