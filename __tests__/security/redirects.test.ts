import { docsPage } from '../../lib/errors';
import { sendJSON, type TestRequest } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import { FULL } from '../support/full';
import { Corpus, expectOrdinaryLogin, type Attack } from './support/corpus';
import { textOf, valueOf, type RawResponse } from '../support/browsers/raw-http';
import { leavesSite } from './support/location-parsers';
import { encodeForHead, encodeForQuery, PAYLOADS } from './support/redirect-payloads';
import { partForSite } from './support/rotation';
import { RawBrowser } from '../support/browsers/raw-browser';
import { HOSTS, type Host } from '../support/hosts';
import { defectOf, describeSites, matrix, type Site, type SiteOptions } from './support/site';

useEmulator();

const corpus = new Corpus();

/**
 * A response may redirect to WeChat, with this site's callback as the redirect URI, or to this site: nowhere
 * else.
 */
function openRedirectIn(site: Site, response: RawResponse): string | undefined {
  const defect = defectOf(response);
  if (defect !== undefined) return defect;
  const location = valueOf(response, 'location');
  if (response.status < 300 || response.status >= 400)
    return location === '' ? undefined : `a Location with status ${response.status}`;
  if (location.startsWith(`${emulator.url}/connect/`)) return wrongRedirectURI(site, new URL(location));
  return leavesSite(location, site.url);
}

function wrongRedirectURI(site: Site, page: URL): string | undefined {
  const redirect = page.searchParams.get('redirect_uri');
  const expected = `${site.url}${site.mount}/callback`;
  return redirect === expected ? undefined : `the redirect URI is ${String(redirect)}`;
}

/** A login must end on a page of the app: not on its own routes, however they are written. */
function wrongEnd(site: Site, response: RawResponse): string | undefined {
  const redirect = openRedirectIn(site, response);
  if (redirect !== undefined) return redirect;
  const location = valueOf(response, 'location');
  if (response.status !== 302) return `status ${response.status} at the end of a login`;
  const path = decoded(new URL(location, site.url).pathname)
    .toLowerCase()
    .replace(/\/{2,}/g, '/');
  return ['login', 'callback', 'logout'].some((route) => path.replace(/\/$/, '') === `${site.mount}/${route}`)
    ? `a loop: ${location}`
    : undefined;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

type EntryPoint = (site: Site, payload: string) => Promise<string | undefined>;

/** The inputs through which an attacker can influence a Location header. */
const ENTRY_POINTS: Readonly<Record<string, EntryPoint>> = {
  'returnTo of the login': async (site, payload) => {
    const browser = new RawBrowser(site);
    const { state } = await browser.startLogin(`?returnTo=${encodeForQuery(payload)}`);
    const code = emulator.issueCode({ app: emulator.apps.official.appId, scope: 'snsapi_base' });
    return wrongEnd(site, await browser.openCallback(state, code));
  },
  'returnTo of the logout': async (site, payload) => {
    const browser = new RawBrowser(site);
    return wrongEnd(site, await browser.send(browser.at(`/logout?returnTo=${encodeForQuery(payload)}`)));
  },
  'returnTo in raw bytes': async (site, payload) => {
    const browser = new RawBrowser(site);
    return openRedirectIn(site, await browser.send(browser.at(`/logout?returnTo=${encodeForHead(payload)}`)));
  },
  'the guarded address': async (site, payload) => {
    const browser = new RawBrowser(site);
    const response = await browser.send(browser.at('/me') + encodeForHead(payload));
    return (
      openRedirectIn(site, response) ?? (await throughLogin(site, browser, valueOf(response, 'location')))
    );
  },
  'the request line': async (site, payload) => {
    const browser = new RawBrowser(site);
    const response = await browser.send(encodeForHead(payload === '' ? '/' : payload));
    return openRedirectIn(site, response);
  },
  'the Referer of a form, after the origin': async (site, payload) => {
    const browser = new RawBrowser(site);
    const response = await browser.send(browser.at('/me'), {
      method: 'POST',
      body: '',
      headers: [
        ['Sec-Fetch-Mode', 'navigate'],
        ['Referer', site.url + encodeForHead(payload)],
      ],
    });
    return (
      openRedirectIn(site, response) ?? (await throughLogin(site, browser, valueOf(response, 'location')))
    );
  },
  'the Referer of a script': async (site, payload) => {
    const browser = new RawBrowser(site);
    const response = await browser.send(browser.at('/me'), {
      headers: [
        ['X-Requested-With', 'XMLHttpRequest'],
        ['Referer', encodeForHead(payload)],
      ],
    });
    if (response.status !== 401) return `status ${response.status} for a script`;
    const { loginURL } = JSON.parse(textOf(response)) as { loginURL: string };
    return (
      openRedirectIn(site, response) ?? leavesSite(loginURL, site.url) ?? openRedirectInLogin(site, loginURL)
    );
  },
  'links of the error page': async (site, payload) => {
    const browser = new RawBrowser(site);
    const { state } = await browser.startLogin(`?returnTo=${encodeForQuery(payload)}`);
    const response = await browser.openCallback(state, 'authdeny');
    if (response.status !== 403) return `status ${response.status} for a refusal`;
    const links = [...textOf(response).matchAll(/<a[^>]* href="([^"]*)"/g)].map(([, href = '']) =>
      href.replaceAll('&amp;', '&'),
    );
    if (links.length < 3) return 'no links';
    for (const href of links) {
      // In development, one link leads to the documentation.
      if (href === docsPage('errors.md#access_denied').zh) continue;
      const other = leavesSite(href, site.url) ?? (await throughLogin(site, browser, href));
      if (other !== undefined) return other;
    }
    return openRedirectIn(site, response);
  },
};

/** Whether the return path in a login address leads elsewhere. */
function openRedirectInLogin(site: Site, loginURL: string): string | undefined {
  const returnTo = new URL(loginURL, site.url).searchParams.get('returnTo');
  return returnTo === null ? undefined : leavesSite(returnTo, site.url);
}

/** Follows a login address through the login to its end. */
async function throughLogin(site: Site, browser: RawBrowser, location: string): Promise<string | undefined> {
  if (!location.startsWith(`${site.mount}/login`)) return undefined;
  const page = valueOf(await browser.send(location), 'location');
  if (!page.startsWith(emulator.url)) return `the login redirects to ${page}`;
  const state = new URL(page).searchParams.get('state') ?? '';
  const code = emulator.issueCode({ app: emulator.apps.official.appId, scope: 'snsapi_base' });
  return wrongEnd(site, await browser.openCallback(state, code));
}

/** Whether a payload may name one of the routes: then the mount matters. */
const namesRoute = (payload: string): boolean => /wx|log|callback/i.test(payload);

/** Two entry points that take a whole login or more: on each framework, a payload uses one of them. */
const IN_TURN = ['the Referer of a form, after the origin', 'links of the error page'];

/**
 * The payloads of a site for an entry point: those that name a route run on both mounts, the others on one.
 */
function payloadsOf(options: SiteOptions, turn: number, entryPoint = ''): string[] {
  if (FULL) return [...PAYLOADS];
  const others = PAYLOADS.filter((payload) => !namesRoute(payload));
  const [at, framework] = [IN_TURN.indexOf(entryPoint), HOSTS.indexOf(options.host)];
  const here = at < 0 ? others : others.filter((_payload, row) => (row + framework) % 2 === at);
  return [...partForSite(here, options, undefined, turn), ...PAYLOADS.filter(namesRoute)];
}

const attacksOf = (payloads: readonly string[], entryPoint: EntryPoint): Attack[] =>
  payloads.map((payload) => ({
    name: JSON.stringify(payload),
    run: (site) => entryPoint(site, payload),
  }));

it('there are at least 150 payloads, and none twice', () => {
  expect(new Set(PAYLOADS).size).toBe(PAYLOADS.length);
  expect(PAYLOADS.length).toBeGreaterThanOrEqual(150);
});

it('the location parsers recognize known open redirects', () => {
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

/** Sites with silent logins: they need half the requests, and treat return paths in the same way. */
const SILENT = { scope: 'snsapi_base' } as const;
const SITES = matrix().map((options) => ({ ...options, auth: SILENT }));

describeSites('a login on %s', SITES, (site, options) => {
  it.each(Object.keys(ENTRY_POINTS))(
    `never ends on another site or in a loop, whichever of ${PAYLOADS.length} payloads is in %s`,
    async (name) => {
      const payloads = payloadsOf(options, Object.keys(ENTRY_POINTS).indexOf(name), name);
      const attacks = attacksOf(payloads, ENTRY_POINTS[name] ?? (() => Promise.reject(new Error(name))));
      expect(await corpus.run(site(), attacks)).toEqual([]);
      expect(site().errors).toEqual([]);
    },
    60_000,
  );

  it('still logs in an ordinary user', async () => {
    await expectOrdinaryLogin(site());
  });
});

const BASE = 'https://h5.example.com/shop/';

describeSites(
  'behind a proxy that strips a path, a login on %s',
  SITES.map((options) => ({ ...options, auth: { ...SILENT, baseURL: BASE } })),
  (site, options) => {
    /** Reports a redirect that leaves the path that the proxy strips: the app's pages are below it. */
    const endOutside = (response: RawResponse): string | undefined => {
      const problem = defectOf(response) ?? leavesSite(valueOf(response, 'location'), BASE);
      if (problem !== undefined) return problem;
      const { pathname } = new URL(valueOf(response, 'location'), BASE);
      return pathname === '/shop' || pathname.startsWith('/shop/')
        ? undefined
        : `a path outside the app: ${pathname}`;
    };

    it(`never ends outside the app, whichever of ${PAYLOADS.length} payloads is in returnTo`, async () => {
      const attacks = payloadsOf(options, 0).map((payload): Attack => ({
        name: JSON.stringify(payload),
        run: async (attacked) => {
          const browser = new RawBrowser(attacked);
          return endOutside(await browser.send(browser.at(`/logout?returnTo=${encodeForQuery(payload)}`)));
        },
      }));
      expect(await corpus.run(site(), attacks)).toEqual([]);
    }, 60_000);

    it(`never starts outside the app, whichever of ${PAYLOADS.length} payloads is in the guarded address`, async () => {
      const attacks = payloadsOf(options, 1).map((payload): Attack => ({
        name: JSON.stringify(payload),
        run: async (attacked) => {
          const browser = new RawBrowser(attacked);
          const response = await browser.send(browser.at('/me') + encodeForHead(payload));
          return response.status === 302 ? endOutside(response) : defectOf(response);
        },
      }));
      expect(await corpus.run(site(), attacks)).toEqual([]);
    }, 60_000);
  },
);

/** What Express does for app.use('/:tenant'); Connect has no parameters. */
function mountByTenant(app: Host): void {
  app.use((req, _res, next) => {
    const [, tenant = '', rest = ''] =
      /^(\/[^?#]*?)(\/(?:me|login|callback|logout|link)(?:[/?#].*)?)$/.exec(req.url ?? '') ?? [];
    if (tenant !== '') {
      Object.assign(req, { originalUrl: req.originalUrl ?? req.url });
      req.url = rest;
    }
    next();
  });
}

/** A route that responds with a login address. */
function serveLink(app: Host): void {
  app.use('/link', (req, res) => {
    sendJSON(res, (req as TestRequest).wechat.loginURL({ returnTo: '/me' }));
  });
}

const TENANT_SITES = HOSTS.map((host) => ({ host, auth: SILENT, before: mountByTenant, routes: serveLink }));

/** A mount that is a pattern: the attacker chooses the part of the path before the routes. */
describeSites('a mount with a parameter, on %s', TENANT_SITES, (site) => {
  const tenants = [
    ...new Set(
      PAYLOADS.map((payload) => encodeForHead(payload).replace(/[?#].*$/, '')).filter((tenant) =>
        tenant.startsWith('/'),
      ),
    ),
  ];

  it(`never redirects to another site, whichever of ${tenants.length} payloads is the parameter`, async () => {
    const attacks = tenants.map((tenant): Attack => ({
      name: JSON.stringify(tenant),
      run: async (attacked) => {
        const browser = new RawBrowser(attacked);
        for (const path of ['/me', '/logout', '/link', '/login']) {
          const response = await browser.send(tenant + path);
          const defect = defectOf(response);
          if (defect !== undefined) return defect;
          const location = valueOf(response, 'location');
          if (response.status === 302 && !location.startsWith(emulator.url)) {
            const other = leavesSite(location, attacked.url);
            if (other !== undefined) return `${path}: ${other}`;
          }
          if (location.startsWith(emulator.url)) {
            const uri = new URL(location).searchParams.get('redirect_uri') ?? '';
            if (!URL.canParse(uri) || new URL(uri).origin !== attacked.url)
              return `${path}: redirect URI ${uri}`;
          }
          if (path === '/link' && response.status === 200 && textOf(response).startsWith('"')) {
            const other = leavesSite(JSON.parse(textOf(response)) as string, attacked.url);
            if (other !== undefined) return `${path}: ${other}`;
          }
        }
        return undefined;
      },
    }));
    expect(attacks.length).toBeGreaterThan(100);
    expect(await corpus.run(site(), attacks)).toEqual([]);
  }, 60_000);
});

corpus.expectAll(FULL ? 9291 : 4473);
