import { docsPage } from '../../lib/errors';
import type { OwnOptions } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import type { Host } from '../support/hosts';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../support/browsers/user-agents';
import { FULL } from '../support/full';
import { Corpus, expectOrdinaryLogin, type Attack } from './support/corpus';
import { textOf, valueOf, type RawResponse } from '../support/browsers/raw-http';
import { leavesSite } from './support/location-parsers';
import { partForSite } from './support/rotation';
import { RawBrowser } from '../support/browsers/raw-browser';
import {
  defectOf,
  describeSites,
  matrix,
  nameOf,
  startSite,
  type Site,
  type SiteOptions,
} from './support/site';
import { stablePart } from './support/stable-part';

useEmulator();

let warnings: jest.SpyInstance;
beforeAll(() => {
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterAll(() => {
  warnings.mockRestore();
});

type Headers = readonly (readonly [name: string, value: string])[];

/** The headers of a proxy, sent by an attacker. */
const FORWARDED: Readonly<Record<string, Headers>> = {
  'X-Forwarded-Host': [['X-Forwarded-Host', 'evil.example']],
  'X-Forwarded-Host with a port': [['X-Forwarded-Host', 'evil.example:443']],
  'X-Forwarded-Host as a list': [['X-Forwarded-Host', 'evil.example, HOST']],
  'X-Forwarded-Host twice': [
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Host', 'HOST'],
  ],
  'X-Forwarded-Proto https': [['X-Forwarded-Proto', 'https']],
  'X-Forwarded-Proto javascript': [['X-Forwarded-Proto', 'javascript']],
  'X-Forwarded-Proto as an address': [['X-Forwarded-Proto', 'https://evil.example/?']],
  'X-Forwarded-Port': [['X-Forwarded-Port', '8443']],
  'X-Forwarded-Prefix': [['X-Forwarded-Prefix', '//evil.example']],
  'X-Forwarded-Path': [['X-Forwarded-Path', '//evil.example']],
  'X-Forwarded-Server': [['X-Forwarded-Server', 'evil.example']],
  'X-Forwarded-Scheme': [['X-Forwarded-Scheme', 'nothttps']],
  'X-Forwarded-Ssl': [
    ['X-Forwarded-Ssl', 'on'],
    ['Front-End-Https', 'on'],
  ],
  'X-Forwarded-For': [['X-Forwarded-For', '127.0.0.1, evil.example']],
  'all of X-Forwarded': [
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Port', '1'],
    ['X-Forwarded-For', '1.2.3.4'],
  ],
  Forwarded: [['Forwarded', 'for=1.2.3.4;host=evil.example;proto=https']],
  'X-Host': [['X-Host', 'evil.example']],
  'X-Original-Host': [
    ['X-Original-Host', 'evil.example'],
    ['X-Backend-Host', 'evil.example'],
  ],
  'X-HTTP-Host-Override': [['X-HTTP-Host-Override', 'evil.example']],
  'X-Original-URL': [['X-Original-URL', '//evil.example/me']],
  'X-Rewrite-URL': [['X-Rewrite-URL', '//evil.example/me']],
  'X-HTTP-Method-Override': [
    ['X-HTTP-Method-Override', 'POST'],
    ['X-Method-Override', 'DELETE'],
    ['X-HTTP-Method', 'PUT'],
  ],
  'X-Real-IP': [
    ['X-Real-IP', '127.0.0.1'],
    ['True-Client-IP', '127.0.0.1'],
    ['CF-Connecting-IP', '127.0.0.1'],
  ],
  Origin: [['Origin', 'https://evil.example']],
  Referer: [['Referer', 'https://evil.example/me']],
  Via: [
    ['Via', '1.1 evil.example'],
    ['Destination', 'https://evil.example'],
  ],
  'Base-Url': [
    ['Base-Url', 'https://evil.example'],
    ['Base_Url', 'x'],
    ['Proxy', 'http://evil.example'],
    ['Request-Uri', '/x'],
  ],
  'headers that name a session or a user': [
    ['X-Session', 'x'],
    ['Authorization', 'Bearer x'],
    ['X-User', 'ming'],
    ['X-Wechat-Openid', 'x'],
  ],
};

/** Host headers that are valid host names: without baseURL, they are the host of the redirect URI. */
const PLAIN_HOSTS = [
  'evil.example',
  'evil.example:8080',
  'EVIL.example',
  'xn--80ak6aa92e.com',
  '[::1]:80',
  '127.1',
  '0x7f.1',
  'evil.example.',
  '_evil.example',
];

/** Host headers that are not host names. */
const ODD_HOSTS = [
  ...[
    '',
    ' ',
    '/',
    '//evil.example',
    'evil.example/',
    'evil.example/path',
    'evil.example?x',
    'evil.example#x',
    'evil.example\\x',
  ],
  ...[
    'user@evil.example',
    'HOST@evil.example',
    'HOST:80@evil.example',
    'HOST#@evil.example',
    'HOST/@evil.example',
    'HOST\\@evil.example',
  ],
  ...[
    'HOST evil.example',
    'HOST,evil.example',
    'HOST;evil.example',
    'HOST\tevil.example',
    'HOST%0d%0aevil',
    'HOST%00',
    'HOST&redirect_uri=x',
    'HOST"',
    "HOST'",
    'HOST<script>',
  ],
  ...[
    'evil.example:80:80',
    'evil.example:',
    'evil.example:x',
    'evil.example:-1',
    'evil.example:123456',
    '[::1',
    '::1',
    '[evil.example]',
    '[::1]evil.example',
    '[::1]:x',
  ],
  ...[
    'http://evil.example',
    'javascript:alert(1)',
    '*',
    '%65vil.example',
    'evil.example%2f',
    '\u00ff\u00fe',
    'evil\u00adexample',
    '{{host}}',
    '${host}',
    '$(host)',
    `${'a'.repeat(4_000)}/`,
  ],
];

/**
 * The addresses in a response: Location, redirect URI, links, JSON. A quote in <pre>, for developers, is not
 * a link.
 */
function addressesIn(response: RawResponse): string[] {
  const location = valueOf(response, 'location');
  const page = URL.canParse(location) ? new URL(location).searchParams.get('redirect_uri') : null;
  const text = textOf(response).replace(/<pre(?: lang="en")?>[^<]*<\/pre>| xmlns="[^"]*"/g, '');
  const links = [...text.matchAll(/https?:\/\/[^\s"'<>&]+/g)].map(([link]) => link);
  return [location, ...(page === null ? [] : [page]), ...links].filter(Boolean);
}

/** Every header of a response, except those that differ from one response to the next. */
const isCompared = (name: string): boolean =>
  !['date', 'set-cookie', 'etag', 'content-length'].includes(name);

interface Request {
  readonly path: string;
  readonly userAgent: string;
  readonly headers: Headers;
}

const STATE1 = `1${'a'.repeat(32)}`;
const REQUESTS: readonly Request[] = [
  { path: '/login?returnTo=/me', userAgent: IPHONE_WECHAT, headers: [] },
  { path: '/login', userAgent: DESKTOP_CHROME, headers: [] },
  { path: '/me?a=b', userAgent: IPHONE_WECHAT, headers: [] },
  { path: '/me', userAgent: IPHONE_WECHAT, headers: [['Sec-Fetch-Mode', 'cors']] },
  { path: `/callback?code=x&state=${STATE1}`, userAgent: IPHONE_WECHAT, headers: [] },
  { path: '/callback?code=authdeny&state=x', userAgent: IPHONE_WECHAT, headers: [] },
  { path: '/callback?code=a&code=b', userAgent: IPHONE_WECHAT, headers: [] },
];

/**
 * The requests whose response could contain the Host header: WeChat's page, our own, the guard's redirect,
 * the error page.
 */
const HOST_REQUESTS = REQUESTS.filter((_request, at) => [0, 1, 2, 4].includes(at));

const corpus = new Corpus();

/** Runs the work on a site of its own. Afterwards an ordinary user must be able to log in. */
async function onSite(options: SiteOptions, work: (site: Site) => Promise<void>): Promise<void> {
  const site = await startSite(options);
  try {
    await work(site);
    expect(site.errors).toEqual([]);
    await expectOrdinaryLogin(site);
  } finally {
    await site.close();
  }
}

function attacksByHeaders(requests: readonly Request[], allowed: readonly string[] = []): Attack[] {
  // The response without the attacker's headers is the same for every attack.
  const expected = new Map<Request, RawResponse>();
  return Object.entries(FORWARDED)
    .filter(([name]) => !allowed.includes(name))
    .flatMap(([name, headers]) =>
      requests.map((request) => ({
        name: `${name} at ${request.path}`,
        run: async (site) => {
          const browser = new RawBrowser(site, request.userAgent);
          const plain =
            expected.get(request) ??
            (await browser.copy().send(browser.at(request.path), { headers: request.headers }));
          expected.set(request, plain);
          const forged = await browser.copy().send(browser.at(request.path), {
            headers: [
              ...request.headers,
              ...headers.map(([header, value]) => [header, value.replace('HOST', site.authority)] as const),
            ],
          });
          if (plain.status === 0 || forged.status === 0) return 'no response';
          const defect = defectOf(forged);
          if (defect !== undefined) return defect;
          const [before, after] = [plain, forged].map((response) => stablePart(response, isCompared));
          return before === after ? undefined : `the response changes from ${before}\n to ${after}`;
        },
      })),
    );
}

/** In development, an error page leads to its entry in the documentation. */
const HELP = ['config', 'login_loop'].map((kind) => docsPage(`errors.md#${kind}`).zh);

/** Sends each of these Host headers: the response may name no host except the site's own and the allowed. */
function attacksByHost(hosts: readonly string[], isAllowed: (address: string) => boolean): Attack[] {
  return hosts.flatMap((host) =>
    HOST_REQUESTS.map((request) => ({
      name: `${JSON.stringify(host.slice(0, 80))} at ${request.path}`,
      run: async (site) => {
        const browser = new RawBrowser(site, request.userAgent);
        const response = await browser.send(browser.at(request.path), {
          host: host.replace('HOST', site.authority),
          headers: request.headers,
        });
        const defect = defectOf(response);
        if (defect !== undefined) return defect;
        const other = addressesIn(response).find(
          (address) =>
            !isAllowed(address) && !HELP.includes(address) && leavesSite(address, site.url) !== undefined,
        );
        return other === undefined ? undefined : `the response names ${other}`;
      },
    })),
  );
}

describe.each(matrix().map((options) => [nameOf(options), options] as const))(
  'without a trusted proxy, %s',
  (_name, options) => {
    const settings: Readonly<Record<string, OwnOptions>> = {
      'with the Host header': { website: undefined },
      'with baseURL': { website: undefined, baseURL: 'https://h5.example.com' },
      'with baseURL and a path': { website: undefined, baseURL: 'https://h5.example.com/shop' },
    };

    it.each(Object.entries(settings))('ignores the headers of a proxy: %s', async (_name, auth) => {
      await onSite({ ...options, auth }, async (site) => {
        expect(await corpus.run(site, partForSite(attacksByHeaders(REQUESTS), site))).toEqual([]);
      });
    });

    it('names no host except that of baseURL, whatever the Host header is', async () => {
      const auth = { website: undefined, baseURL: 'https://h5.example.com' };
      await onSite({ ...options, auth }, async (site) => {
        const isAllowed = (address: string): boolean =>
          address.startsWith(`${emulator.url}/connect/`) ||
          address.startsWith(`https://h5.example.com${site.mount}/`);
        const attacks = attacksByHost([...PLAIN_HOSTS, ...ODD_HOSTS], isAllowed);
        expect(await corpus.run(site, partForSite(attacks, site))).toEqual([]);
      });
    });

    it('uses a Host header only if it is a host name, without baseURL', async () => {
      await onSite({ ...options, auth: { website: undefined } }, async (site) => {
        const odd = attacksByHost(ODD_HOSTS, (address) => address === 'https://h5.example.com');
        const plain = PLAIN_HOSTS.map((host): Attack => ({
          name: host,
          run: async () => {
            const browser = new RawBrowser(site);
            const response = await browser.send(browser.at('/login'), { host });
            const defect = defectOf(response);
            if (defect !== undefined) return defect;
            // Only the browser that sent this header gets it as its redirect URI.
            const uri = new URL(valueOf(response, 'location')).searchParams.get('redirect_uri') ?? '';
            if (uri !== `http://${host.toLowerCase()}${site.mount}/callback`) return `redirect URI ${uri}`;
            const next = await new RawBrowser(site).send(browser.at('/login'));
            return addressesIn(next).some((address) => /evil/i.test(address))
              ? 'the next browser gets the same host'
              : undefined;
          },
        }));
        expect(await corpus.run(site, partForSite([...odd, ...plain], site))).toEqual([]);
      });
    });
  },
);

const trust = (app: Host): void => {
  (app as unknown as { set(name: string, value: unknown): void }).set('trust proxy', 1);
};

/** Connect has no such setting. */
const BEHIND_PROXY = matrix()
  .filter(({ host }) => host !== 'Connect')
  .map((options) => ({ ...options, before: trust, auth: { website: undefined } }));

describeSites('behind a proxy that is trusted by %s', BEHIND_PROXY, (site, options) => {
  it('reads X-Forwarded-Host and X-Forwarded-Proto, and no other header', async () => {
    const read = Object.keys(FORWARDED).filter((name) => /X-Forwarded-(?:Host|Proto)|all of/.test(name));
    expect(await corpus.run(site(), partForSite(attacksByHeaders(REQUESTS, read), site()))).toEqual([]);
    const browser = new RawBrowser(site());
    const response = await browser.send(browser.at('/login'), {
      headers: [
        ['X-Forwarded-Host', 'h5.example.com'],
        ['X-Forwarded-Proto', 'https'],
      ],
    });
    expect(addressesIn(response)).toContain(`https://h5.example.com${site().mount}/callback`);
  });

  it('ignores an X-Forwarded-Host that is not a host name', async () => {
    const attacks = ODD_HOSTS.map((odd): Attack => ({
      name: JSON.stringify(odd.slice(0, 80)),
      run: async () => {
        const browser = new RawBrowser(site());
        const sent = odd.replace('HOST', 'h5.example.com');
        const response = await browser.send(browser.at('/login'), { headers: [['X-Forwarded-Host', sent]] });
        const defect = defectOf(response);
        if (defect !== undefined) return defect;
        const uri = addressesIn(response)[1];
        // In a list of hosts, the first one is the browser's.
        const expected = [
          `${site().url}${site().mount}/callback`,
          `http://h5.example.com${site().mount}/callback`,
        ];
        return uri === undefined || expected.includes(uri) ? undefined : `redirect URI ${uri}`;
      },
    }));
    expect(await corpus.run(site(), attacks)).toEqual([]);
    expect(site().errors).toEqual([]);
  });

  it('prefers baseURL to both headers', async () => {
    const auth = { website: undefined, baseURL: 'https://h5.example.com' };
    await onSite({ ...options, auth }, async (based) => {
      const attacks = Object.entries(FORWARDED).map(([name, headers]): Attack => ({
        name,
        run: async () => {
          const browser = new RawBrowser(based);
          const response = await browser.send(browser.at('/login'), { headers });
          const uri = addressesIn(response)[1];
          return (
            defectOf(response) ??
            (uri === `https://h5.example.com${site().mount}/callback`
              ? undefined
              : `redirect URI ${String(uri)}`)
          );
        },
      }));
      expect(await corpus.run(based, attacks)).toEqual([]);
    });
  });

  it('still logs in an ordinary user', async () => {
    await expectOrdinaryLogin(site());
  });
});

it('the comparison of responses notices a header that matters', async () => {
  await onSite({ host: 'Express 5' }, async (site) => {
    const plain = await new RawBrowser(site).send('/login');
    const other = await new RawBrowser(site).send('/login', { host: 'evil.example' });
    expect(stablePart(plain, isCompared)).not.toBe(stablePart(other, isCompared));
  });
});

corpus.expectAll(
  FULL
    ? { 'Express 5': 2430, 'Express 4': 2430, Connect: 2002 }
    : { 'Express 5': 1289, 'Express 4': 1289, Connect: 1001 },
);
