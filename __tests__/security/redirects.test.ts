import { sendJSON, type TestRequest } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import { FULL } from '../support/full';
import { Corpus, expectHonestLogin, type Attack } from './support/corpus';
import { textOf, valueOf, type RawResponse } from '../support/raw-http';
import { leavesSite } from './support/location-parsers';
import { inHead, inQuery, PAYLOADS } from './support/redirect-payloads';
import { partForSite } from './support/rotation';
import { RawBrowser } from '../support/raw-browser';
import { HOSTS } from '../support/hosts';
import { defectOf, matrix, nameOf, startSite, type Site, type SiteOptions } from './support/site';

useEmulator();

const corpus = new Corpus();

interface Target {
  readonly site: Site;
  readonly host: Site['host'];
  /** Starts logins for all the attacks of a door; keeps its cookies small. */
  readonly fresh: () => RawBrowser;
}

/** Where an answer leads: nowhere, to WeChat and back to us, or to a page of this site that is none of our routes. */
function away({ site }: Target, answer: RawResponse): string | undefined {
  const wrong = defectOf(answer);
  if (wrong !== undefined) return wrong;
  const location = valueOf(answer, 'location');
  if (answer.status < 300) return location === '' ? undefined : `a Location with status ${answer.status}`;
  if (answer.status >= 400) return location === '' ? undefined : `a Location with status ${answer.status}`;
  if (location.startsWith(`${emulator.url}/connect/`)) return toOurCallback(site, new URL(location));
  return leavesSite(location, site.url);
}

function toOurCallback(site: Site, page: URL): string | undefined {
  const redirect = page.searchParams.get('redirect_uri');
  const expected = `${site.url}${site.mount}/callback`;
  return redirect === expected ? undefined : `WeChat is told to come back to ${String(redirect)}`;
}

/** A login ends on a page of the app: not on login, callback or logout, however they are spelled. */
function endsWell(target: Target, answer: RawResponse): string | undefined {
  const elsewhere = away(target, answer);
  if (elsewhere !== undefined) return elsewhere;
  const location = valueOf(answer, 'location');
  if (answer.status !== 302) return `status ${answer.status} at the end of a login`;
  const path = decoded(new URL(location, target.site.url).pathname)
    .toLowerCase()
    .replace(/\/{2,}/g, '/');
  return ['login', 'callback', 'logout'].some(
    (route) => path.replace(/\/$/, '') === `${target.site.mount}/${route}`,
  )
    ? `a circle: ${location}`
    : undefined;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

type Door = (target: Target, payload: string) => Promise<string | undefined>;

/** The ways in which a stranger's words come near a Location header. */
const DOORS: Readonly<Record<string, Door>> = {
  'returnTo of the login': async (target, payload) => {
    const visitor = target.fresh();
    const { state } = await visitor.startLogin(`?returnTo=${inQuery(payload)}`);
    const code = emulator.issueCode({ app: emulator.apps.official.appId, scope: 'snsapi_base' });
    return endsWell(target, await visitor.openCallback(state, code));
  },
  'returnTo of the logout': async (target, payload) => {
    const visitor = target.fresh();
    return endsWell(target, await visitor.send(visitor.at(`/logout?returnTo=${inQuery(payload)}`)));
  },
  'returnTo, in raw bytes': async (target, payload) => {
    const visitor = target.fresh();
    return away(target, await visitor.send(visitor.at(`/logout?returnTo=${inHead(payload)}`)));
  },
  'the guarded address': async (target, payload) => {
    const visitor = target.fresh();
    const answer = await visitor.send(visitor.at('/me') + inHead(payload));
    return away(target, answer) ?? (await thenLogIn(target, visitor, answer));
  },
  'the request line': async (target, payload) => {
    const visitor = target.fresh();
    const answer = await visitor.send(inHead(payload === '' ? '/' : payload));
    return away(target, answer);
  },
  'the Referer of a form, after our origin': async (target, payload) => {
    const visitor = target.fresh();
    const answer = await visitor.send(visitor.at('/me'), {
      method: 'POST',
      body: '',
      headers: [
        ['Sec-Fetch-Mode', 'navigate'],
        ['Referer', target.site.url + inHead(payload)],
      ],
    });
    return away(target, answer) ?? (await thenLogIn(target, visitor, answer));
  },
  'the Referer of a script': async (target, payload) => {
    const visitor = target.fresh();
    const answer = await visitor.send(visitor.at('/me'), {
      headers: [
        ['X-Requested-With', 'XMLHttpRequest'],
        ['Referer', inHead(payload)],
      ],
    });
    if (answer.status !== 401) return `status ${answer.status} for a script`;
    const { loginURL } = JSON.parse(textOf(answer)) as { loginURL: string };
    return away(target, answer) ?? leavesSite(loginURL, target.site.url) ?? inner(target, loginURL);
  },
  'links of the error page': async (target, payload) => {
    const visitor = target.fresh();
    const { state } = await visitor.startLogin(`?returnTo=${inQuery(payload)}`);
    const answer = await visitor.openCallback(state, 'authdeny');
    if (answer.status !== 403) return `status ${answer.status} for a refusal`;
    const links = [...textOf(answer).matchAll(/<a[^>]* href="([^"]*)"/g)].map(([, href = '']) =>
      href.replaceAll('&amp;', '&'),
    );
    if (links.length < 2) return 'no links';
    for (const href of links) {
      const elsewhere = leavesSite(href, target.site.url) ?? (await throughLogin(target, visitor, href));
      if (elsewhere !== undefined) return elsewhere;
    }
    return away(target, answer);
  },
};

/** What a login address says of where it ends. */
function inner(target: Target, loginURL: string): string | undefined {
  const returnTo = new URL(loginURL, target.site.url).searchParams.get('returnTo');
  return returnTo === null ? undefined : leavesSite(returnTo, target.site.url);
}

async function thenLogIn(
  target: Target,
  visitor: RawBrowser,
  answer: RawResponse,
): Promise<string | undefined> {
  return throughLogin(target, visitor, valueOf(answer, 'location'));
}

/** Where a login address is followed, the login ends here, too. */
async function throughLogin(
  target: Target,
  visitor: RawBrowser,
  location: string,
): Promise<string | undefined> {
  if (!location.startsWith(`${target.site.mount}/login`)) return undefined;
  const page = valueOf(await visitor.send(location), 'location');
  if (!page.startsWith(emulator.url)) return `the login leads to ${page}`;
  const state = new URL(page).searchParams.get('state') ?? '';
  const code = emulator.issueCode({ app: emulator.apps.official.appId, scope: 'snsapi_base' });
  return endsWell(target, await visitor.openCallback(state, code));
}

/** Whether it matters to a payload where the routes are: by its words it may be one of them. */
const namesRoute = (payload: string): boolean => /wx|log|callback/i.test(payload);

/** Two doors that take a whole login or more: on each framework a payload goes through one of them. */
const IN_TURN = ['the Referer of a form, after our origin', 'links of the error page'];

/** The payloads of a site for a door: those that name a route on both mounts, the others on one. */
function payloadsOf(options: SiteOptions, turn: number, door = ''): string[] {
  if (FULL) return [...PAYLOADS];
  const others = PAYLOADS.filter((payload) => !namesRoute(payload));
  const [at, framework] = [IN_TURN.indexOf(door), HOSTS.indexOf(options.host)];
  const here = at < 0 ? others : others.filter((_payload, row) => (row + framework) % 2 === at);
  return [...partForSite(here, options, undefined, turn), ...PAYLOADS.filter(namesRoute)];
}

const attacksOf = (payloads: readonly string[], door: Door): Attack<Target>[] =>
  payloads.map((payload) => ({ name: JSON.stringify(payload), run: (target) => door(target, payload) }));

it('has a corpus worth the name', () => {
  expect(new Set(PAYLOADS).size).toBe(PAYLOADS.length);
  expect(PAYLOADS.length).toBeGreaterThanOrEqual(150);
});

it('has readers who see through what is known to work', () => {
  const page = 'http://127.0.0.1:3000/callback';
  for (const location of [
    ...['//evil.example', '/\\evil.example', '/\t/evil.example', '/.//evil.example', '/a/..//evil.example'],
    ...[
      '/%2e//evil.example',
      '/..\\/evil.example',
      'http:evil.example',
      'javascript:alert(1)',
      '',
      'me',
      '?me',
    ],
    ...[
      '/ä',
      '/\r\nX: y',
      '///evil.example',
      '/\\/evil.example',
      'https://127.0.0.1:3000/me',
      '//127.0.0.1:3000/me',
    ],
  ])
    expect([location, leavesSite(location, page)]).toEqual([location, expect.any(String)]);
  for (const location of [
    '/',
    '/me?next=//evil.example#//evil.example',
    '/%5cevil.example',
    '/%09/evil',
    '/@evil',
    '/a//b',
  ])
    expect([location, leavesSite(location, page)]).toEqual([location, undefined]);
});

describe.each(matrix().map((options) => [nameOf(options), options] as const))(
  'a login on %s',
  (_name, options) => {
    let target: Target;
    beforeAll(async () => {
      target = await targetOf(options);
    });
    afterAll(() => target.site.close());

    it.each(Object.keys(DOORS))(
      `never ends elsewhere, nor in a circle, by its part of ${PAYLOADS.length} forms of %s`,
      async (door) => {
        const payloads = payloadsOf(options, Object.keys(DOORS).indexOf(door), door);
        const attacks = attacksOf(payloads, DOORS[door] ?? (() => Promise.reject(new Error(door))));
        expect(await corpus.run(target, attacks)).toEqual([]);
        expect(target.site.errors).toEqual([]);
      },
      60_000,
    );

    it('still ends where an honest person wanted to go', async () => {
      await expectHonestLogin(target.site);
    });
  },
);

/** Silent logins: half the work, and the way back is the same. */
async function targetOf(options: SiteOptions, base = ''): Promise<Target> {
  const site = await startSite(emulator, {
    ...options,
    auth: { scope: 'snsapi_base', ...(base === '' ? {} : { baseURL: base }), ...options.auth },
  });
  return { site, host: site.host, fresh: () => new RawBrowser(site) };
}

describe.each(matrix().map((options) => [nameOf(options), options] as const))(
  'behind a proxy that strips a path, a login on %s',
  (_name, options) => {
    let target: Target;
    const base = 'https://h5.example.com/shop/';
    beforeAll(async () => {
      target = await targetOf(options, base);
    });
    afterAll(() => target.site.close());

    /** Below the stripped path, where the app's pages are. */
    const endsBelow = (answer: RawResponse): string | undefined => {
      const wrong = defectOf(answer) ?? leavesSite(valueOf(answer, 'location'), base);
      if (wrong !== undefined) return wrong;
      const { pathname } = new URL(valueOf(answer, 'location'), base);
      return pathname === '/shop' || pathname.startsWith('/shop/')
        ? undefined
        : `outside of the app: ${pathname}`;
    };

    it(`never ends elsewhere by its part of ${PAYLOADS.length} forms of returnTo`, async () => {
      const attacks = payloadsOf(options, 0).map((payload): Attack<Target> => ({
        name: JSON.stringify(payload),
        run: async ({ fresh }) => {
          const visitor = fresh();
          return endsBelow(await visitor.send(visitor.at(`/logout?returnTo=${inQuery(payload)}`)));
        },
      }));
      expect(await corpus.run(target, attacks)).toEqual([]);
    }, 60_000);

    it(`never starts elsewhere by its part of ${PAYLOADS.length} forms of the guarded address`, async () => {
      const attacks = payloadsOf(options, 1).map((payload): Attack<Target> => ({
        name: JSON.stringify(payload),
        run: async ({ fresh }) => {
          const visitor = fresh();
          const answer = await visitor.send(visitor.at('/me') + inHead(payload));
          return answer.status === 302 ? endsBelow(answer) : defectOf(answer);
        },
      }));
      expect(await corpus.run(target, attacks)).toEqual([]);
    }, 60_000);
  },
);

/** Mounts that take part of the address for a name: a stranger chooses what stands before our routes. */
describe.each(['Express 5', 'Express 4', 'Connect'] as const)('a mount for every tenant, on %s', (host) => {
  let target: Target;
  beforeAll(async () => {
    const auth = { scope: 'snsapi_base' } as const;
    const site = await startSite(emulator, {
      host,
      auth,
      before: (app) => {
        app.use((req, _res, next) => {
          // As Express does for app.use('/:tenant'), and Connect does not.
          const [, tenant = '', rest = ''] =
            /^(\/[^?#]*?)(\/(?:me|login|callback|logout|link)(?:[/?#].*)?)$/.exec(req.url ?? '') ?? [];
          if (tenant !== '') {
            Object.assign(req, { originalUrl: req.originalUrl ?? req.url });
            req.url = rest;
          }
          next();
        });
      },
      routes: (app) => {
        app.use('/link', (req, res) => {
          const { wechat } = req as TestRequest;
          sendJSON(res, wechat.loginURL({ returnTo: '/me' }));
        });
      },
    });
    target = { site, host, fresh: () => new RawBrowser(site) };
  });
  afterAll(() => target.site.close());

  const tenants = [
    ...new Set(
      PAYLOADS.map((payload) => inHead(payload).replace(/[?#].*$/, '')).filter((tenant) =>
        tenant.startsWith('/'),
      ),
    ),
  ];

  it(`never leads elsewhere, by the ${tenants.length} forms of an address that begin with a slash`, async () => {
    const attacks = tenants.map((tenant): Attack<Target> => ({
      name: JSON.stringify(tenant),
      run: async ({ fresh, site }) => {
        const visitor = fresh();
        for (const path of ['/me', '/logout', '/link', '/login']) {
          const answer = await visitor.send(tenant + path);
          const wrong = defectOf(answer);
          if (wrong !== undefined) return wrong;
          const location = valueOf(answer, 'location');
          if (answer.status === 302 && !location.startsWith(emulator.url)) {
            const elsewhere = leavesSite(location, site.url);
            if (elsewhere !== undefined) return `${path}: ${elsewhere}`;
          }
          if (location.startsWith(emulator.url)) {
            const back = new URL(location).searchParams.get('redirect_uri') ?? '';
            if (!URL.canParse(back) || new URL(back).origin !== site.url) return `${path}: back to ${back}`;
          }
          if (path === '/link' && answer.status === 200 && textOf(answer).startsWith('"')) {
            const elsewhere = leavesSite(JSON.parse(textOf(answer)) as string, site.url);
            if (elsewhere !== undefined) return `${path}: ${elsewhere}`;
          }
        }
        return undefined;
      },
    }));
    expect(attacks.length).toBeGreaterThan(100);
    expect(await corpus.run(target, attacks)).toEqual([]);
  }, 60_000);
});

corpus.expectAll(FULL ? 9291 : 4473);
