import type { WechatAuthOptions } from '../../lib/index';
import { emulator, useEmulator } from '../support/emulator';
import type { Host, HostName } from '../support/hosts';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../support/user-agents';
import { FULL } from '../support/full';
import { Corpus, expectHonestLogin, type Attack } from './support/corpus';
import { textOf, valueOf, type RawResponse } from '../support/raw-http';
import { leavesSite } from './support/location-parsers';
import { partForSite } from './support/rotation';
import { RawBrowser } from '../support/raw-browser';
import { HOSTS } from '../support/hosts';
import { defectOf, matrix, MOUNTS, nameOf, startSite, type Site, type SiteOptions } from './support/site';

useEmulator();

let warnings: jest.SpyInstance;
beforeAll(() => {
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterAll(() => {
  warnings.mockRestore();
});

type Headers = readonly (readonly [name: string, value: string])[];

/** What a proxy would say, said by a stranger. */
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
  'Cookie names': [
    ['X-Session', 'x'],
    ['Authorization', 'Bearer x'],
    ['X-User', 'ming'],
    ['X-Wechat-Openid', 'x'],
  ],
};

/** Host headers that name another host: what they say is where WeChat would come back to, where nobody set baseURL. */
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

/** Host headers that name none. */
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

/** Where an answer says to go, in whatever form: Location, links, JSON. What a page quotes to developers leads nowhere. */
function addressesIn(answer: RawResponse): string[] {
  const location = valueOf(answer, 'location');
  const page = URL.canParse(location) ? new URL(location).searchParams.get('redirect_uri') : null;
  const text = textOf(answer).replace(/<pre>[^<]*<\/pre>| xmlns="[^"]*"/g, '');
  const links = [...text.matchAll(/https?:\/\/[^\s"'<>&]+/g)].map(([link]) => link);
  return [location, ...(page === null ? [] : [page]), ...links].filter(Boolean);
}

/** The answer without what is new each time, and without the likely causes of a lost login: words of ours, in another order. */
function still(answer: RawResponse): string {
  const unstable = /^(?:date|set-cookie|etag|content-length)$/i;
  return [
    answer.status,
    ...answer.headers.filter(([name]) => !unstable.test(name)).map(([name, value]) => `${name}: ${value}`),
    answer.body.replace(/<(ul|pre)>[^]*?<\/\1>/g, ''),
  ]
    .join('\n')
    .replace(/state=\d[0-9a-f]{32}/g, 'state=');
}

interface Ask {
  readonly path: string;
  readonly userAgent: string;
  readonly headers: Headers;
}

const STATE1 = `1${'a'.repeat(32)}`;
const ASKS: readonly Ask[] = [
  { path: '/login?returnTo=/me', userAgent: IPHONE_WECHAT, headers: [] },
  { path: '/login', userAgent: DESKTOP_CHROME, headers: [] },
  { path: '/me?a=b', userAgent: IPHONE_WECHAT, headers: [] },
  { path: '/me', userAgent: IPHONE_WECHAT, headers: [['Sec-Fetch-Mode', 'cors']] },
  { path: `/callback?code=x&state=${STATE1}`, userAgent: IPHONE_WECHAT, headers: [] },
  { path: '/callback?code=authdeny&state=x', userAgent: IPHONE_WECHAT, headers: [] },
  { path: '/callback?code=a&code=b', userAgent: IPHONE_WECHAT, headers: [] },
];

/** Where the Host header could come through: WeChat's page, our own, the guard's redirect, the error page. */
const HOST_ASKS = ASKS.filter((_ask, at) => [0, 1, 2, 4].includes(at));

const corpus = new Corpus();

/** A site for one test, closed whatever becomes of it. */
async function onSite(options: SiteOptions, work: (site: Site) => Promise<void>): Promise<void> {
  const site = await startSite(emulator, options);
  try {
    await work(site);
    expect(site.errors).toEqual([]);
    await expectHonestLogin(site);
  } finally {
    await site.close();
  }
}

function ignoring(asks: readonly Ask[], allowed: readonly string[] = []): Attack[] {
  // What an honest browser hears does not change from one forgery to the next.
  const honest = new Map<Ask, RawResponse>();
  return Object.entries(FORWARDED)
    .filter(([name]) => !allowed.includes(name))
    .flatMap(([name, headers]) =>
      asks.map((ask) => ({
        name: `${name} at ${ask.path}`,
        run: async (site) => {
          const visitor = new RawBrowser(site, ask.userAgent);
          const plain =
            honest.get(ask) ?? (await visitor.copy().send(visitor.at(ask.path), { headers: ask.headers }));
          honest.set(ask, plain);
          const forged = await visitor.copy().send(visitor.at(ask.path), {
            headers: [
              ...ask.headers,
              ...headers.map(([header, value]) => [header, value.replace('HOST', site.authority)] as const),
            ],
          });
          if (plain.status === 0 || forged.status === 0) return 'no answer';
          const wrong = defectOf(forged);
          if (wrong !== undefined) return wrong;
          return still(plain) === still(forged)
            ? undefined
            : `it changes ${still(plain)}\n into ${still(forged)}`;
        },
      })),
    );
}

describe.each(matrix().map((options) => [nameOf(options), options] as const))(
  'without a proxy to trust, %s',
  (_name, options) => {
    const settings: Readonly<Record<string, WechatAuthOptions>> = {
      'the Host header counts': { website: undefined },
      'baseURL counts': { website: undefined, baseURL: 'https://h5.example.com' },
      'baseURL with a path counts': { website: undefined, baseURL: 'https://h5.example.com/shop' },
    };

    it.each(Object.entries(settings))('hears nothing of what a proxy would say: %s', async (_name, auth) => {
      await onSite({ ...options, auth }, async (site) => {
        expect(await corpus.run(site, partForSite(ignoring(ASKS), site))).toEqual([]);
      });
    });

    it('with baseURL names no other host, whatever the Host header says', async () => {
      const auth = { website: undefined, baseURL: 'https://h5.example.com' };
      await onSite({ ...options, auth }, async (site) => {
        const attacks = [...PLAIN_HOSTS, ...ODD_HOSTS].flatMap((host) =>
          HOST_ASKS.map((ask): Attack => ({
            name: `${JSON.stringify(host.slice(0, 80))} at ${ask.path}`,
            run: async () => {
              const visitor = new RawBrowser(site, ask.userAgent);
              const answer = await visitor.send(visitor.at(ask.path), {
                host: host.replace('HOST', site.authority),
                headers: ask.headers,
              });
              const wrong = defectOf(answer);
              if (wrong !== undefined) return wrong;
              const other = addressesIn(answer).find(
                (address) =>
                  !address.startsWith(`${emulator.url}/connect/`) &&
                  !address.startsWith(`https://h5.example.com${site.mount}/`) &&
                  leavesSite(address, site.url) !== undefined,
              );
              return other === undefined ? undefined : `it names ${other}`;
            },
          })),
        );
        expect(await corpus.run(site, partForSite(attacks, site))).toEqual([]);
      });
    });

    it('without baseURL takes the Host header as it is, or not at all', async () => {
      await onSite({ ...options, auth: { website: undefined } }, async (site) => {
        const odd = ODD_HOSTS.flatMap((host) =>
          HOST_ASKS.map((ask): Attack => ({
            name: `${JSON.stringify(host.slice(0, 80))} at ${ask.path}`,
            run: async () => {
              const visitor = new RawBrowser(site, ask.userAgent);
              const answer = await visitor.send(visitor.at(ask.path), {
                host: host.replace('HOST', site.authority),
                headers: ask.headers,
              });
              const wrong = defectOf(answer);
              if (wrong !== undefined) return wrong;
              const other = addressesIn(answer).find(
                (address) =>
                  !/^https:\/\/h5\.example\.com$/.test(address) &&
                  leavesSite(address, site.url) !== undefined,
              );
              return other === undefined ? undefined : `it leads to ${other}`;
            },
          })),
        );
        const plain = PLAIN_HOSTS.map((host): Attack => ({
          name: host,
          run: async () => {
            const visitor = new RawBrowser(site);
            const answer = await visitor.send(visitor.at('/login'), { host });
            const wrong = defectOf(answer);
            if (wrong !== undefined) return wrong;
            // Nobody but who sent this very header is told so.
            const back = new URL(valueOf(answer, 'location')).searchParams.get('redirect_uri') ?? '';
            if (back !== `http://${host.toLowerCase()}${site.mount}/callback`) return `back to ${back}`;
            const next = await new RawBrowser(site).send(visitor.at('/login'));
            return addressesIn(next).some((address) => /evil/i.test(address))
              ? 'the next visitor is sent there'
              : undefined;
          },
        }));
        expect(await corpus.run(site, partForSite([...odd, ...plain], site))).toEqual([]);
      });
    });
  },
);

describe.each(
  HOSTS.filter((host) => host !== 'Connect').flatMap((host) =>
    MOUNTS.map((mount) => [`${host} under ${mount || '/'}`, host, mount] as const),
  ),
)('behind a proxy that %s trusts', (_name, host: HostName, mount) => {
  let site: Site;
  const trust = (app: Host): void => {
    (app as unknown as { set(name: string, value: unknown): void }).set('trust proxy', 1);
  };
  beforeAll(async () => {
    site = await startSite(emulator, { host, mount, before: trust, auth: { website: undefined } });
  });
  afterAll(() => site.close());

  it('hears X-Forwarded-Host and X-Forwarded-Proto, and nothing else', async () => {
    const believed = Object.keys(FORWARDED).filter((name) => /X-Forwarded-(?:Host|Proto)|all of/.test(name));
    expect(await corpus.run(site, partForSite(ignoring(ASKS, believed), site))).toEqual([]);
    const visitor = new RawBrowser(site);
    const answer = await visitor.send(visitor.at('/login'), {
      headers: [
        ['X-Forwarded-Host', 'h5.example.com'],
        ['X-Forwarded-Proto', 'https'],
      ],
    });
    expect(addressesIn(answer)).toContain(`https://h5.example.com${mount}/callback`);
  });

  it('takes no X-Forwarded-Host that is no host', async () => {
    const attacks = ODD_HOSTS.map((odd): Attack => ({
      name: JSON.stringify(odd.slice(0, 80)),
      run: async () => {
        const visitor = new RawBrowser(site);
        const said = odd.replace('HOST', 'h5.example.com');
        const answer = await visitor.send(visitor.at('/login'), { headers: [['X-Forwarded-Host', said]] });
        const wrong = defectOf(answer);
        if (wrong !== undefined) return wrong;
        const back = addressesIn(answer)[1];
        // A list is of hosts: the first one is the browser's.
        const expected = [`${site.url}${mount}/callback`, `http://h5.example.com${mount}/callback`];
        return back === undefined || expected.includes(back) ? undefined : `back to ${back}`;
      },
    }));
    expect(await corpus.run(site, attacks)).toEqual([]);
    expect(site.errors).toEqual([]);
  });

  it('takes baseURL before either', async () => {
    const auth = { website: undefined, baseURL: 'https://h5.example.com' };
    await onSite({ host, mount, before: trust, auth }, async (based) => {
      const attacks = Object.entries(FORWARDED).map(([name, headers]): Attack => ({
        name,
        run: async () => {
          const visitor = new RawBrowser(based);
          const answer = await visitor.send(visitor.at('/login'), { headers });
          const back = addressesIn(answer)[1];
          return (
            defectOf(answer) ??
            (back === `https://h5.example.com${mount}/callback` ? undefined : `back to ${String(back)}`)
          );
        },
      }));
      expect(await corpus.run(based, attacks)).toEqual([]);
    });
  });

  it('still logs an honest person in', async () => {
    await expectHonestLogin(site);
  });
});

it('compares answers that differ where a header counts', async () => {
  await onSite({ host: 'Express 5' }, async (site) => {
    const plain = await new RawBrowser(site).send('/login');
    const other = await new RawBrowser(site).send('/login', { host: 'evil.example' });
    expect(still(plain)).not.toBe(still(other));
  });
});

corpus.expectAll(
  FULL
    ? { 'Express 5': 2430, 'Express 4': 2430, Connect: 2002 }
    : { 'Express 5': 1289, 'Express 4': 1289, Connect: 1001 },
);
