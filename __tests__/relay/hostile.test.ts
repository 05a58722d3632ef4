// Hostile addresses: a relay with a list is not an open redirect, as browsers read its Location.
import http from 'node:http';
import fc from 'fast-check';
import { Browser } from '../support/browser';
import { describeInChromium, launchChromium } from '../support/browsers/chromium';
import { HOSTS, type Running } from '../support/hosts';
import { AllowList } from '../../lib/relay/allow-list';
import { LIST, NORMALISED, REFUSED, REFUSED_QUERIES } from './hostile-targets';
import { startRelay } from './relay-site';

beforeEach(() => jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

/**
 * The address to which a browser would go, if it is not on the list; otherwise `undefined`. It does not use
 * the library's own comparison.
 */
function leavesList(location: string): string | undefined {
  if (!/^[\u0021-\u007e]+$/.test(location)) return `raw characters: ${JSON.stringify(location)}`;
  const url = new URL(location, 'https://auth.example.com/wechat/callback');
  if (url.username !== '' || url.password !== '') return `a user: ${location}`;
  const [whole = ''] = url.href.split('?');
  const isListed = LIST.some((entry) => {
    const listed = new URL(entry);
    return listed.pathname === '/'
      ? `${listed.protocol}//${listed.host}` === `${url.protocol}//${url.host}`
      : listed.href === whole;
  });
  return isListed ? undefined : url.href;
}

it('the tables have at least 200 addresses, and none twice', () => {
  const all = [...REFUSED, ...Object.keys(NORMALISED)];
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBeGreaterThanOrEqual(200);
});

it('leavesList() recognizes addresses on the list, and others', () => {
  for (const location of [
    'https://evil.example/',
    '//evil.example',
    '/x',
    'https://pay.example.com/x',
    'a b',
  ])
    expect([location, leavesList(location)]).toEqual([location, expect.any(String)]);
  for (const location of ['https://app.example.com/x?code=a', 'http://localhost:3000/callback?code=a'])
    expect([location, leavesList(location)]).toEqual([location, undefined]);
});

describe.each(HOSTS.flatMap((host) => ['', '/wechat'].map((mount) => ({ host, mount }))))(
  'a relay at "$mount" on $host',
  ({ host, mount }) => {
    let relay: Running;
    let browser: Browser;
    beforeAll(async () => {
      relay = await startRelay(host, mount, { to: LIST });
      browser = Browser.inWechat(relay.url);
      browser.agent = new http.Agent({ keepAlive: true });
    });
    afterAll(() => relay.close());

    const queryFor = (to: string): string => `to=${encodeURIComponent(to)}&code=CODE&state=STATE`;

    /** Why this response is wrong for a `to` that must be refused. */
    async function notRefused(query: string): Promise<string[]> {
      const { status, location, headers } = await browser.get(`${mount}/callback?${query}`);
      const isRefused =
        status === 400 &&
        location === '' &&
        headers['refresh'] === undefined &&
        headers['set-cookie'] === undefined;
      return isRefused ? [] : [`${query}: ${status} ${location}`];
    }

    it(`refuses each of ${REFUSED.length} addresses`, async () => {
      const wrong: string[] = [];
      for (const to of REFUSED) wrong.push(...(await notRefused(queryFor(to))));
      expect(wrong).toEqual([]);
    });

    it(`refuses each of ${REFUSED_QUERIES.length} queries`, async () => {
      const wrong: string[] = [];
      for (const query of REFUSED_QUERIES) wrong.push(...(await notRefused(query)));
      expect(wrong).toEqual([]);
    });

    it('sends strange spellings of an address on the list to that address, as browsers write it', async () => {
      const sent: Record<string, string> = {};
      for (const to of Object.keys(NORMALISED)) {
        const { location } = await browser.get(`${mount}/callback?${queryFor(to)}`);
        expect([to, leavesList(location)]).toEqual([to, undefined]);
        sent[to] = location.replace('?code=CODE&state=STATE', '');
      }
      expect(sent).toEqual(NORMALISED);
    });
  },
);

describe('any address', () => {
  const list = new AllowList(LIST);
  const PARTS = [
    ...[
      'http',
      'https',
      ':',
      '/',
      '//',
      '\\',
      '@',
      '?',
      '#',
      '.',
      '..',
      '%2e',
      '%2f',
      '%40',
      '%5c',
      ';',
      '&',
      '=',
    ],
    ...[
      'app.example.com',
      'pay.example.com',
      'localhost',
      ':3000',
      ':443',
      ':80',
      '[::1]',
      ':4000',
      'evil.example',
    ],
    ...[
      '/wechat/callback',
      '/callback',
      'code',
      'state',
      '\t',
      '\n',
      ' ',
      '\u0000',
      'xn--',
      '例子.测试',
      '。',
      '＠',
      'blob:',
    ],
  ];
  const fromParts = fc.array(fc.constantFrom(...PARTS), { maxLength: 12 }).map((parts) => parts.join(''));
  const around = fc
    .tuple(
      fc.constantFrom(...LIST),
      fc.nat(30),
      fc.oneof(fromParts, fc.string({ unit: 'grapheme', maxLength: 6 })),
    )
    .map(([entry, at, text]) => entry.slice(0, at) + text + entry.slice(at));
  const anyAddress = fc.oneof(fromParts, around, fc.webUrl(), fc.string({ unit: 'grapheme' }));

  it('that the list accepts is on the list, as the URL parser of a browser reads it', () => {
    fc.assert(
      fc.property(anyAddress, (to) => {
        const found = list.find(to);
        if (typeof found === 'string') return;
        expect(leavesList(found.href)).toBeUndefined();
        expect(found.href).toBe(new URL(to).href);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is accepted with every path of a listed origin, but only with its own path if the entry has one', () => {
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        // Dot segments may turn it into any other path of the same origin.
        expect(list.find(`https://app.example.com${path}`)).toBeInstanceOf(URL);
        const { pathname } = new URL(`https://pay.example.com${path}`);
        if (pathname !== '/wechat/callback')
          expect(list.find(`https://pay.example.com${path}`)).toBe('not-listed');
      }),
    );
  });
});

describeInChromium('in Chromium', () => {
  it('the browser reads every accepted address as Node does', async () => {
    const chromium = await launchChromium();
    try {
      const page = await chromium.newPage();
      const list = new AllowList(LIST);
      const all = [...REFUSED, ...Object.keys(NORMALISED)];
      const opened = await page.evaluate<(string | null)[], string[]>(
        (addresses) =>
          addresses.map((address) => {
            try {
              return new URL(address).href;
            } catch {
              return null;
            }
          }),
        all,
      );
      const wrong = all.flatMap((to, at) => {
        const found = list.find(to);
        return typeof found === 'string' || found.href === opened[at] ? [] : [[to, found.href, opened[at]]];
      });
      expect(wrong).toEqual([]);
      const leaving = opened.flatMap((href, at) => {
        const isSent = typeof list.find(all[at] ?? '') !== 'string';
        return isSent && leavesList(href ?? '') !== undefined ? [href] : [];
      });
      expect(leaving).toEqual([]);
    } finally {
      await chromium.close();
    }
  });
});
