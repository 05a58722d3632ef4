/**
 * The work that a text from outside causes is bounded (it grows no faster than the text) wherever the text
 * comes from: the table is in support/outside-texts.ts. Each row is measured with a text of n units and with
 * one of 4n.
 *
 * Work inside a regular expression is not measured here: __tests__/regular-expressions.test.ts proves that
 * every expression takes linear time. The commands (doctor, emulator) handle no request of a browser to
 * the app, and have tests of their own.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { emulator, useEmulator } from '../../support/emulator';
import { startMeasuredApp, type Counts, type MeasuredApp } from '../../support/operations/measured-app';
import { OUTSIDE_TEXTS, type OutsideText } from '../support/outside-texts';

const LIB = path.join(__dirname, '../../../lib');

/**
 * The highest quotient for linear growth: four times the text may cost four times the work, and a little
 * more.
 */
const LINEAR = 4.5;
/** The highest quotient for work that does not depend on the text. */
const NONE = 1.2;

type Unit = OutsideText['units'][string];

let apps: Readonly<Record<NonNullable<OutsideText['sessions']>, MeasuredApp>>;

useEmulator();
beforeAll(async () => {
  // Node's own limit of 16 kB would hide how the work grows.
  const options = { counts: true, maxHeadSize: 1_000_000 };
  const [cookieSession, expressSession] = await Promise.all([
    startMeasuredApp(emulator, options),
    startMeasuredApp(emulator, { ...options, sessions: 'express-session' }),
  ]);
  apps = { 'cookie-session': cookieSession, 'express-session': expressSession };
});
afterAll(() => Promise.all(Object.values(apps).map((app) => app.close())));

/** What the app does for a text of n units, and for one of 4n. */
async function measure(row: OutsideText, unit: Unit): Promise<readonly [Counts, Counts]> {
  const { bytes = 32_000, sessions = 'cookie-session', send } = row;
  const app = apps[sessions];
  const repeat = (count: number): string => (typeof unit === 'string' ? unit.repeat(count) : unit(count));
  const n = Math.floor(bytes / 4 / Buffer.byteLength(repeat(1)));
  const count = async (units: number): Promise<Counts> => app.count(await send(repeat(units), app));
  // The first request of its kind loads modules and fills caches.
  await count(n + 1);
  return [await count(n), await count(4 * n)];
}

function growthOf([small, large]: readonly [Counts, Counts]): { operations: number; characters: number } {
  return {
    operations: large.operations / small.operations,
    characters: large.characters / small.characters,
  };
}

describe('the work for a text from outside', () => {
  it.each(OUTSIDE_TEXTS)('grows no faster than the text ($text)', async (row) => {
    const tooFast: object[] = [];
    const working = new Set<string>();
    const unlisted = new Set<string>();
    for (const [name, unit] of Object.entries(row.units)) {
      const [small, large] = await measure(row, unit);
      const growth = growthOf([small, large]);
      // 0/0 is NaN, which is not below any limit: then the row fails, because it measured nothing.
      const isBounded =
        growth.operations <= (row.growth === 'none' ? NONE : LINEAR) && growth.characters <= LINEAR;
      if (!isBounded) tooFast.push({ name, growth });
      for (const [file, operations] of large.byFile) {
        if (operations > 0) working.add(file);
        const hasGrown = operations > 100 && operations > 2 * (small.byFile.get(file) ?? 0);
        if (hasGrown && !file.startsWith('node_modules/')) unlisted.add(file);
      }
    }
    for (const file of row.at) unlisted.delete(file);
    expect(tooFast).toEqual([]);
    expect(row.at.filter((file) => !working.has(file))).toEqual([]);
    expect([...unlisted]).toEqual([]);
  });
});

describe('the table of texts from outside', () => {
  const sources = ['middleware', 'oauth', 'relay', 'stores'].flatMap((folder) =>
    readdirSync(path.join(LIB, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ file: `${folder}/${name.slice(0, -3)}`, code: codeOf(`${folder}/${name}`) })),
  );
  const texts = OUTSIDE_TEXTS.map(({ text }) => text);
  const named = (kind: string, pattern: RegExp): string[] =>
    sources
      .flatMap(({ code }) => [...code.matchAll(pattern)])
      .map(([, name = '']) => `${kind} ${name}`)
      .filter((name) => !texts.some((text) => text === name || text.startsWith(`${name} `)));

  it('has every header that the middleware reads', () => {
    expect(named('header', /(?<!response\.|res\.)\bheader\((?:\w+\.)?req, '([^']+)'\)/g)).toEqual([]);
    expect(named('header', /\breq\.headers(?:\.(?=\w)|\[')([\w-]+)/g)).toEqual([]);
  });

  it('has every parameter that the middleware reads', () => {
    expect(named('query', /\bquery(?:Of\(.*?\))?\.get\('(\w+)'\)/g)).toEqual([]);
  });

  it('has every file that reads a request, a session, a response or the error of a store', () => {
    const reads =
      /\bheader\((?:\w+\.)?req|\breq\.(?:headers|url|originalUrl|session)\b|\bqueryOf\(|\bownValue\(|\breadJSON\(|\bcallStore\(|\.data\b.*\bheaders\b/;
    const listed = new Set(OUTSIDE_TEXTS.flatMap(({ at }) => at));
    const readers = sources.filter(({ code }) => reads.test(code)).map(({ file }) => file);
    expect(readers.length).toBeGreaterThan(15);
    expect(readers.filter((file) => !listed.has(file))).toEqual([]);
  });

  function codeOf(file: string): string {
    return readFileSync(path.join(LIB, file), 'utf8').replace(
      /\/\*[^]*?\*\/|^\s*\/\/.*$|^import [^]*?;$/gm,
      '',
    );
  }
});

describe('the counter', () => {
  it.each([
    ['countPairs', 'operations'],
    ['countMissing', 'characters'],
  ] as const)('finds a function whose work grows with the square of a text (%s)', async (name, count) => {
    const row: OutsideText = {
      text: 'query',
      at: [],
      growth: 'linear',
      bytes: 4_000,
      units: {},
      send: (text, app) => () => app.send(`/quadratic/${name}?${text}`),
    };
    expect(growthOf(await measure(row, 'a'))[count]).toBeGreaterThan(LINEAR);
  });

  it('counts the same operations for the same request', async () => {
    const app = apps['cookie-session'];
    const counts: number[] = [];
    for (let turn = 0; turn < 5; turn++) counts.push((await app.count(() => app.send('/me'))).operations);
    expect(new Set(counts.slice(1)).size).toBe(1);
  });
});
