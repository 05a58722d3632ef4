// Logins meet every fault of scenarios.ts. Then everything that anybody could see of them is searched for
// secrets.
import { ERROR_KINDS } from '../../lib/index';
import type { Found } from '../support/canaries';
import { HOSTS } from '../support/hosts';
import { hasRedis } from '../support/redis';
import { SESSION_NAMES } from '../support/sessions';
import { closeAll, openSite, startWechat } from './apps';
import { MAY_HOLD, PLACES, canaries, recorded, type Place, type SecretKind } from './records';
import {
  actAtWechat,
  callAsMiniProgram,
  clock,
  configureWrongly,
  failInTheApp,
  meetEchoes,
  meetFaults,
  meetForgedCallbacks,
  storeInRedis,
  useOptionsOfRequests,
  useTokens,
} from './scenarios';
import { tapOutput } from './taps';

const withRedis = hasRedis();

/** Both kinds of session on every framework, with and without onError. */
async function runScenarios(): Promise<void> {
  for (const [hostIndex, host] of HOSTS.entries()) {
    for (const [sessionIndex, sessionName] of SESSION_NAMES.entries()) {
      const site = await openSite({ host, sessionName, hasOnError: (hostIndex + sessionIndex) % 2 === 1 });
      await meetForgedCallbacks(site);
      await actAtWechat(site);
      await meetFaults(site);
      await meetEchoes(site);
      if (hostIndex === 0) await useTokens(site);
    }
    await failInTheApp(host, hostIndex % 2 === 1);
  }
  await useOptionsOfRequests();
  await callAsMiniProgram();
  configureWrongly();
  if (withRedis) await storeInRedis();
}

/** Where something is recorded only with a real Redis. */
const IN_REDIS: readonly Place[] = ['a login shared between processes', 'an encrypted record'];
/** Of the app's other packages, only a Redis client prints access tokens. */
const isOfRedis = (place: Place, kind: SecretKind): boolean =>
  place === "a debug line of the app's other packages" && kind === 'access token';
const isSkipped = (place: Place): boolean => !withRedis && IN_REDIS.includes(place);

describe('the secrets of logins', () => {
  beforeAll(async () => {
    const untap = tapOutput();
    const now = Date.now.bind(Date);
    const spies = [
      jest.spyOn(Math, 'random').mockReturnValue(0),
      jest.spyOn(Date, 'now').mockImplementation(() => now() + clock.ahead),
    ];
    await startWechat();
    try {
      await runScenarios();
    } finally {
      await closeAll();
      spies.forEach((spy) => spy.mockRestore());
      untap();
    }
  }, 240_000);

  it('exist in large numbers, and every place has records: otherwise the search would prove nothing', () => {
    const count = (kind: SecretKind): number => canaries.ofKind(kind).length;
    for (const kind of ['code', 'state', 'access token', 'refresh token'] as const)
      expect([kind, count(kind) > 100]).toEqual([kind, true]);
    expect(count('session key')).toBeGreaterThan(0);
    expect(count('session id')).toBeGreaterThan(50);
    const empty = PLACES.filter((place) => recorded[place].size === 0);
    // The library writes nothing to the console.
    expect(empty).toEqual(PLACES.filter((place) => place === 'a line on the console' || isSkipped(place)));
    expect(recorded['a response'].size).toBeGreaterThan(500);
    expect(recorded['an error'].size).toBeGreaterThan(100);
  });

  it('are those of logins that met every kind of error', () => {
    const kinds = new Set(
      [...recorded['an error']].flatMap((text) =>
        [...text.matchAll(/"kind":"(\w+)"/g)].map(([, kind]) => kind),
      ),
    );
    expect([...kinds].sort()).toEqual([...ERROR_KINDS].sort());
  });

  const found = new Map<Place, Found[]>();
  const foundIn = (place: Place): Found[] => {
    const known = found.get(place) ?? canaries.search([...recorded[place]].join('\n'));
    found.set(place, known);
    return known;
  };
  const mayHold = (place: Place, kind: string): boolean =>
    (MAY_HOLD[place] as readonly string[]).includes(kind);

  const searched = PLACES.filter((place) => !isSkipped(place));

  it.each(searched)('%s: holds no secret except those that it may hold', (place) => {
    expect(foundIn(place).filter(({ kind }) => !mayHold(place, kind))).toEqual([]);
  });

  it.each(searched.filter((place) => MAY_HOLD[place].length > 0))(
    '%s: holds each of those: otherwise the search would prove nothing',
    (place) => {
      const held = foundIn(place).map(({ kind }) => kind);
      const expected = MAY_HOLD[place].filter((kind) => withRedis || !isOfRedis(place, kind));
      expect(held.filter((kind) => mayHold(place, kind)).sort()).toEqual([...expected].sort());
    },
  );
});
