import { useEmulator } from '../support/emulator';
import { SESSION_NAMES } from '../support/sessions';
import { FULL } from '../support/full';
import { Corpus, type Attack } from './support/corpus';
import { attackInRotation } from './support/rotation';
import type { RawBrowser } from '../support/browsers/raw-browser';
import { defectOf, loggedInBrowser, matrix, openidOf, startSite, type Site } from './support/site';

useEmulator();

type Headers = readonly (readonly [name: string, value: string])[];

/**
 * The headers of a browser when another site makes the request; SELF stands for the app's origin, HOST for
 * its host and port.
 */
const FOREIGN: Readonly<Record<string, Headers>> = {
  'Sec-Fetch-Site: cross-site': [['Sec-Fetch-Site', 'cross-site']],
  'cross-site, for an image': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Mode', 'no-cors'],
    ['Sec-Fetch-Dest', 'image'],
  ],
  'cross-site, for a page': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Mode', 'navigate'],
    ['Sec-Fetch-Dest', 'document'],
  ],
  'cross-site, in a frame': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Mode', 'navigate'],
    ['Sec-Fetch-Dest', 'iframe'],
  ],
  'cross-site, by a click': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Mode', 'navigate'],
    ['Sec-Fetch-User', '?1'],
  ],
  'cross-site, with our own Referer': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Referer', 'SELF/'],
  ],
  'cross-site, with our own Origin': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Origin', 'SELF'],
  ],
  'cross-site, with X-Requested-With': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['X-Requested-With', 'XMLHttpRequest'],
  ],
  'cross-site, with spaces': [['Sec-Fetch-Site', ' cross-site ']],
  'an Origin': [['Origin', 'https://evil.example']],
  'an Origin, with our own Referer': [
    ['Origin', 'https://evil.example'],
    ['Referer', 'SELF/'],
  ],
  'an Origin of another port': [['Origin', 'http://127.0.0.1:1']],
  'an Origin without a port': [['Origin', 'http://127.0.0.1']],
  'an Origin of another name for this machine': [['Origin', 'http://localhost']],
  'an Origin that ends in our host': [['Origin', 'http://evil.HOST']],
  'an Origin that begins with ours': [['Origin', 'SELF.evil.example']],
  'an Origin that begins with ours and an @': [['Origin', 'SELF@evil.example']],
  'an Origin with our host as the user': [['Origin', 'http://HOST@evil.example']],
  'an Origin with a backslash': [['Origin', 'http://evil.example\\@HOST']],
  'an Origin with our host in the fragment': [['Origin', 'https://evil.example#HOST']],
  'an Origin with our host in the query': [['Origin', 'https://evil.example?HOST']],
  'an Origin with our host as a path': [['Origin', 'https://evil.example/HOST']],
  'the Origin of a sandbox': [['Origin', 'null']],
  'the Origin of a sandbox, with our own Referer': [
    ['Origin', 'null'],
    ['Referer', 'SELF/'],
  ],
  'an Origin that is a list': [['Origin', 'SELF https://evil.example']],
  'two Origins': [
    ['Origin', 'https://evil.example'],
    ['Origin', 'SELF'],
  ],
  'an Origin of a file': [['Origin', 'file://']],
  'an Origin of an extension': [['Origin', 'chrome-extension://abcdefghijklmnop']],
  'an Origin without a scheme': [['Origin', 'HOST']],
  'an Origin with two slashes and no scheme': [['Origin', '//HOST']],
  'an Origin with a bracket': [['Origin', 'http://[::1]']],
  'an Origin that is not a URL': [['Origin', '%']],
  'a Referer': [['Referer', 'https://evil.example/']],
  'a Referer with our host in its path': [['Referer', 'https://evil.example/HOST']],
  'a Referer with our address in its query': [['Referer', 'https://evil.example/?SELF/']],
  'a Referer with our address in its fragment': [['Referer', 'https://evil.example/#SELF/']],
  'a Referer with our host as the user': [['Referer', 'http://HOST@evil.example/']],
  'a Referer that begins with our origin': [['Referer', 'SELF.evil.example/']],
  'a Referer of a subdomain': [['Referer', 'http://sub.HOST/']],
  'a Referer of another port': [['Referer', 'http://127.0.0.1:1/']],
  'a data: Referer': [['Referer', 'data:text/html,x']],
  'a javascript: Referer': [['Referer', 'javascript:alert(1)']],
  'the Referer about:blank': [['Referer', 'about:blank']],
  'a Referer of a file': [['Referer', 'file:///HOST']],
  'a Referer of a blob': [['Referer', 'blob:https://evil.example/SELF']],
  'a Referer without a scheme': [['Referer', '//HOST/']],
  'a Referer that is a path': [['Referer', '/me']],
  'two Referers': [
    ['Referer', 'https://evil.example/'],
    ['Referer', 'SELF/'],
  ],
  'a Referer with raw bytes': [['Referer', 'http://\u00ff\u00fe/']],
  'a foreign Origin, with the same host in X-Forwarded-Host': [
    ['Origin', 'https://evil.example'],
    ['X-Forwarded-Host', 'evil.example'],
  ],
  'a foreign Origin, with our host in X-Forwarded-Host': [
    ['Origin', 'https://evil.example'],
    ['X-Forwarded-Host', 'HOST'],
  ],
  'a foreign Origin, with our host in Forwarded': [
    ['Origin', 'https://evil.example'],
    ['Forwarded', 'host=HOST'],
  ],
  'a foreign Origin, with the same host in Forwarded': [
    ['Origin', 'https://evil.example'],
    ['Forwarded', 'host=evil.example'],
  ],
  'a foreign Origin, with a header that overrides the method': [
    ['Origin', 'https://evil.example'],
    ['X-HTTP-Method-Override', 'POST'],
  ],
  'a foreign Origin, with headers that rewrite the path': [
    ['Origin', 'https://evil.example'],
    ['X-Original-URL', '/me'],
    ['X-Rewrite-URL', '/me'],
  ],
};

/** The requests that log out. */
const REQUESTS: Readonly<
  Record<string, { readonly method: string; readonly path: string; readonly body?: string }>
> = {
  GET: { method: 'GET', path: '/logout' },
  POST: { method: 'POST', path: '/logout', body: '' },
  'GET with a slash': { method: 'GET', path: '/logout/' },
  'POST of a form': { method: 'POST', path: '/logout?returnTo=/me', body: 'a=b' },
};

const attacks: Attack[] = Object.entries(REQUESTS).flatMap(([method, { path, ...request }]) =>
  Object.entries(FOREIGN).map(([name, headers]) => ({
    name: `${method}: ${name}`,
    run: async (site) => {
      const victim = await loggedIn(site);
      const response = await victim.send(victim.at(path), {
        ...request,
        headers: headers.map(([header, value]) => [
          header,
          value.replaceAll('SELF', site.url).replaceAll('HOST', site.authority),
        ]),
      });
      const defect = defectOf(response);
      if (defect !== undefined) return defect;
      if (response.headers.some(([header]) => header.toLowerCase() === 'set-cookie'))
        return 'the response sets a cookie';
      return (await victim.loggedInAs()) === openidOf('ming') ? undefined : 'the victim was logged out';
    },
  })),
);

/** Requests that are not a logout: prefetches, other paths, other methods. */
const NOT_A_LOGOUT: Attack[] = (
  [
    ['HEAD', '/logout', []],
    ['GET', '/logout', [['Sec-Purpose', 'prefetch']]],
    ['GET', '/logout', [['Purpose', 'prefetch']]],
    ['GET', '/logout', [['Sec-Purpose', 'prefetch;prerender']]],
    ['OPTIONS', '/logout', []],
    ['DELETE', '/logout', []],
    ['PUT', '/logout', []],
    ['PATCH', '/logout', []],
    ['TRACE', '/logout', []],
    ['GET', '/me?/logout', []],
    ['GET', '/public#/logout', []],
    [
      'GET',
      '/public?_method=POST&path=/logout',
      [
        ['X-Original-URL', '/logout'],
        ['X-Rewrite-URL', '/logout'],
      ],
    ],
    ['GET', '/login?returnTo=/logout', []],
    ['GET', '/login?returnTo=/wx/logout', []],
  ] as const
).map(([method, path, headers]) => ({
  name: `${method} ${path} ${headers.map((each) => each.join(': ')).join(', ')}`,
  run: async (site) => {
    const victim = await loggedIn(site);
    const defect = defectOf(await victim.send(victim.at(path), { method, headers }));
    return (
      defect ?? ((await victim.loggedInAs()) === openidOf('ming') ? undefined : 'the victim was logged out')
    );
  },
}));

/** One login for each site; an attack that succeeds makes another one necessary. */
const victims = new WeakMap<Site, RawBrowser>();

async function loggedIn(site: Site): Promise<RawBrowser> {
  const known = victims.get(site);
  if (known && (await known.loggedInAs()) === openidOf('ming')) return known;
  const victim = await loggedInBrowser(site, 'ming');
  victims.set(site, victim);
  return victim;
}

const corpus = new Corpus();
attackInRotation(
  corpus,
  'the logout',
  matrix(SESSION_NAMES),
  attacks,
  'logs nobody out at the request of another site',
  NOT_A_LOGOUT,
);

it('an app logs out at the request of its own site: otherwise the attacks would prove nothing', async () => {
  const site = await startSite({ host: 'Connect' });
  try {
    for (const headers of [
      [],
      [['Sec-Fetch-Site', 'same-origin']],
      [['Origin', site.url]],
      [['Referer', `${site.url}/me`]],
    ] as const) {
      const victim = await loggedIn(site);
      await victim.send('/logout', { method: 'POST', body: '', headers });
      expect(await victim.loggedInAs()).toBeUndefined();
    }
  } finally {
    await site.close();
  }
});

corpus.expectAll(FULL ? 936 : 276);
