import { emulator, useEmulator } from '../support/emulator';
import { SESSION_NAMES } from '../support/sessions';
import { FULL } from '../support/full';
import { Corpus, type Attack } from './support/corpus';
import { attackInRotation } from './support/rotation';
import { RawBrowser } from '../support/raw-browser';
import { defectOf, matrix, startSite, type Site } from './support/site';

useEmulator();

type Headers = readonly (readonly [name: string, value: string])[];

/** What browsers say when a page of another site asks; SELF stands for our origin, HOST for its host and port. */
const FOREIGN: Readonly<Record<string, Headers>> = {
  'Sec-Fetch-Site: cross-site': [['Sec-Fetch-Site', 'cross-site']],
  'cross-site, as a picture': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Mode', 'no-cors'],
    ['Sec-Fetch-Dest', 'image'],
  ],
  'cross-site, as a page': [
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
  'cross-site, though the Referer is ours': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Referer', 'SELF/'],
  ],
  'cross-site, though the Origin is ours': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Origin', 'SELF'],
  ],
  'cross-site, as a script that says XMLHttpRequest': [
    ['Sec-Fetch-Site', 'cross-site'],
    ['X-Requested-With', 'XMLHttpRequest'],
  ],
  'cross-site, with spaces': [['Sec-Fetch-Site', ' cross-site ']],
  'an Origin': [['Origin', 'https://evil.example']],
  'an Origin, though the Referer is ours': [
    ['Origin', 'https://evil.example'],
    ['Referer', 'SELF/'],
  ],
  'an Origin of another port': [['Origin', 'http://127.0.0.1:1']],
  'an Origin without a port': [['Origin', 'http://127.0.0.1']],
  'an Origin of another name for this machine': [['Origin', 'http://localhost']],
  'an Origin that ends as we do': [['Origin', 'http://evil.HOST']],
  'an Origin that begins as we do': [['Origin', 'SELF.evil.example']],
  'an Origin that begins as we do, with an at': [['Origin', 'SELF@evil.example']],
  'an Origin with us as a user': [['Origin', 'http://HOST@evil.example']],
  'an Origin with a backslash': [['Origin', 'http://evil.example\\@HOST']],
  'an Origin with our host in the fragment': [['Origin', 'https://evil.example#HOST']],
  'an Origin with our host in the query': [['Origin', 'https://evil.example?HOST']],
  'an Origin with our host as a path': [['Origin', 'https://evil.example/HOST']],
  'the Origin of a sandbox': [['Origin', 'null']],
  'the Origin of a sandbox, though the Referer is ours': [
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
  'an Origin of no scheme': [['Origin', 'HOST']],
  'an Origin of two slashes': [['Origin', '//HOST']],
  'an Origin with a bracket': [['Origin', 'http://[::1]']],
  'an Origin that is none': [['Origin', '%']],
  'a Referer': [['Referer', 'https://evil.example/']],
  'a Referer with our host in its path': [['Referer', 'https://evil.example/HOST']],
  'a Referer with our address in its query': [['Referer', 'https://evil.example/?SELF/']],
  'a Referer with our address in its fragment': [['Referer', 'https://evil.example/#SELF/']],
  'a Referer with us as a user': [['Referer', 'http://HOST@evil.example/']],
  'a Referer that begins as we do': [['Referer', 'SELF.evil.example/']],
  'a Referer of a subdomain': [['Referer', 'http://sub.HOST/']],
  'a Referer of another port': [['Referer', 'http://127.0.0.1:1/']],
  'a Referer that is data': [['Referer', 'data:text/html,x']],
  'a Referer of a script': [['Referer', 'javascript:alert(1)']],
  'a Referer that is blank': [['Referer', 'about:blank']],
  'a Referer of a file': [['Referer', 'file:///HOST']],
  'a Referer of a blob': [['Referer', 'blob:https://evil.example/SELF']],
  'a Referer without a scheme': [['Referer', '//HOST/']],
  'a Referer that is a path': [['Referer', '/me']],
  'two Referers': [
    ['Referer', 'https://evil.example/'],
    ['Referer', 'SELF/'],
  ],
  'a Referer with raw bytes': [['Referer', 'http://\u00ff\u00fe/']],
  'a foreign Origin, with our host in X-Forwarded-Host': [
    ['Origin', 'https://evil.example'],
    ['X-Forwarded-Host', 'evil.example'],
  ],
  'a foreign Origin, with our host in Forwarded': [
    ['Origin', 'https://evil.example'],
    ['Forwarded', 'host=evil.example'],
  ],
  'a foreign Origin, with a method to override': [
    ['Origin', 'https://evil.example'],
    ['X-HTTP-Method-Override', 'POST'],
  ],
  'a foreign Origin, with another address': [
    ['Origin', 'https://evil.example'],
    ['X-Original-URL', '/me'],
    ['X-Rewrite-URL', '/me'],
  ],
};

/** Ways to ask for the logout. */
const WAYS: Readonly<
  Record<string, { readonly method: string; readonly path: string; readonly body?: string }>
> = {
  GET: { method: 'GET', path: '/logout' },
  POST: { method: 'POST', path: '/logout', body: '' },
  'GET with a slash': { method: 'GET', path: '/logout/' },
  'POST of a form': { method: 'POST', path: '/logout?returnTo=/me', body: 'a=b' },
};

const attacks: Attack[] = Object.entries(WAYS).flatMap(([way, { path, ...request }]) =>
  Object.entries(FOREIGN).map(([name, headers]) => ({
    name: `${way}: ${name}`,
    run: async (site) => {
      const victim = await loggedIn(site);
      const answer = await victim.send(victim.at(path), {
        ...request,
        headers: headers.map(([header, value]) => [
          header,
          value.replaceAll('SELF', site.url).replaceAll('HOST', site.authority),
        ]),
      });
      const wrong = defectOf(answer);
      if (wrong !== undefined) return wrong;
      if (answer.headers.some(([header]) => header.toLowerCase() === 'set-cookie'))
        return 'the cookie was changed';
      return (await victim.loggedInAs()) === idOfMing() ? undefined : 'the victim was logged out';
    },
  })),
);

/** What must not log out by itself: looking ahead, other spellings, other methods. */
const QUIET: Attack[] = (
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
    const wrong = defectOf(await victim.send(victim.at(path), { method, headers }));
    return wrong ?? ((await victim.loggedInAs()) === idOfMing() ? undefined : 'the victim was logged out');
  },
}));

function idOfMing(): string {
  return emulator.openid('ming', emulator.apps.official.appId);
}

/** One login a site: an attack that gets through costs a new one. */
const victims = new WeakMap<Site, RawBrowser>();

async function loggedIn(site: Site): Promise<RawBrowser> {
  const known = victims.get(site);
  if (known && (await known.loggedInAs()) === idOfMing()) return known;
  const victim = new RawBrowser(site);
  await victim.logIn('ming');
  victims.set(site, victim);
  return victim;
}

const corpus = new Corpus();
attackInRotation(
  corpus,
  'the logout',
  matrix(SESSION_NAMES),
  attacks,
  'logs nobody out for another site, nor by the way',
  QUIET,
);

it('logs out who asks for it here, so the victims above could have been', async () => {
  const site = await startSite(emulator, { host: 'Connect' });
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

corpus.expectAll(FULL ? 904 : 268);
