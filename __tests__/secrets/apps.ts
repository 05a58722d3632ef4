// The apps that people log in to, the WeChat behind them, and browsers that record every response.
import type http from 'node:http';
import { inspect } from 'node:util';
import type { WechatContext } from '../../lib/index';
import { createEmulator, type Emulator, type EmulatorApp } from '../../lib/emulator/index';
import type { Server } from '../support/processes/servers';
import {
  cookies,
  sendJSON,
  startApp,
  type AppOptions,
  type TestApp,
  type TestRequest,
  type OwnOptions,
} from '../support/app';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import { everythingIn } from '../support/canaries';
import type { Host, Middleware } from '../support/hosts';
import { stateIn } from '../support/login';
import { serverSessions, type SessionName } from '../support/sessions';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../support/browsers/user-agents';
import { COOKIE_KEY, FIXED_SECRETS, SECRET, canaries, record, recordCookie, recordError } from './records';
import { RecordingSessions, RecordingStore, tapWechat } from './taps';

export const APPS: readonly EmulatorApp[] = [
  { type: 'official', appId: 'wx1a00000000000001', appSecret: SECRET, openPlatform: 'one' },
  {
    type: 'website',
    appId: 'wx2b00000000000002',
    appSecret: FIXED_SECRETS['website secret'][0],
    openPlatform: 'one',
  },
  {
    type: 'miniprogram',
    appId: 'wx3c00000000000003',
    appSecret: FIXED_SECRETS['mini program secret'][0],
  },
];

export let emulator: Emulator;
let tap: Server;
const opened: { close(): Promise<void>; readonly errors?: readonly unknown[] }[] = [];

export async function startWechat(): Promise<void> {
  emulator = await createEmulator({ apps: APPS });
  tap = await tapWechat(Number(new URL(emulator.url).port));
}

/** Adds something that closeAll() closes at the end. */
export function closeLater<T extends (typeof opened)[number]>(each: T): T {
  opened.push(each);
  return each;
}

/** Closes everything; records the errors that reached the error handlers of the apps. */
export async function closeAll(): Promise<void> {
  for (const each of opened) {
    for (const error of each.errors ?? []) record('an error', everythingIn(error));
    await each.close();
  }
  await tap.close();
  await emulator.close();
}

export function endpoints(): { readonly open: string; readonly api: string } {
  return { open: emulator.url, api: tap.url };
}

export function credentials(): OwnOptions {
  const { official, website } = emulator.apps;
  return {
    appId: official.appId,
    appSecret: official.appSecret,
    website: { appId: website.appId, appSecret: website.appSecret },
    endpoints: endpoints(),
    http: { timeout: 200 },
  };
}

export interface Site extends TestApp {
  readonly store: RecordingStore;
  readonly sessions: RecordingSessions | undefined;
}

interface SiteOptions extends AppOptions {
  readonly sessionName?: SessionName;
  /** Whether the app handles errors in onError. */
  readonly hasOnError?: boolean;
}

export async function openSite({
  sessionName = 'express-session',
  hasOnError = false,
  auth = {},
  ...options
}: SiteOptions = {}): Promise<Site> {
  const store = new RecordingStore();
  const sessions = sessionName === 'express-session' ? new RecordingSessions() : undefined;
  const session = sessions
    ? serverSessions(sessions, { secret: COOKIE_KEY })
    : cookies({ keys: [COOKIE_KEY] });
  const app = await startApp(emulator, {
    session,
    routes,
    ...options,
    auth: {
      ...credentials(),
      tokenStore: store,
      ...(hasOnError && {
        onError: (error, _req, res) => {
          recordError(error);
          res.statusCode = error.status;
          sendJSON(res, { kind: error.kind, message: error.message, error });
        },
      }),
      ...auth,
    },
  });
  return closeLater({ ...app, store, sessions });
}

/** The pages of an app that call WeChat, or that show what the app can see. */
const PAGES: Readonly<Record<string, (wechat: WechatContext) => unknown>> = {
  '/token': async (wechat) => {
    canaries.add('access token', await wechat.getAccessToken());
    return 'done';
  },
  '/profile': (wechat) => wechat.oauth.getUser(String(wechat.user?.openid)),
  '/verify': async (wechat) =>
    wechat.oauth.verifyToken(String(wechat.user?.openid), await wechat.getAccessToken()),
  '/unknown': (wechat) => wechat.oauth.getUser('oNobody'),
  '/inspect': (wechat) => {
    record('an error', inspect([wechat, wechat.oauth], { showHidden: true, depth: 9 }));
    return JSON.stringify({ oauth: wechat.oauth, user: wechat.user });
  },
};

type Next = (error: unknown) => void;

/** Mounts the pages; an error reaches the app's error handler, and is recorded. */
function routes(app: Host): void {
  for (const [path, page] of Object.entries(PAGES)) {
    app.use(path, ((req: TestRequest, res: http.ServerResponse, next: Next) => {
      void Promise.resolve()
        .then(() => page(req.wechat))
        .then(
          (result) => sendJSON(res, result),
          (error: unknown) => {
            record('an error', everythingIn(error));
            next(error);
          },
        );
    }) as unknown as Middleware);
  }
  app.use('/embedded', ((req: TestRequest, res: http.ServerResponse, next: Next) => {
    void req.wechat.loginParams({ returnTo: '/me' }).then((params) => sendJSON(res, params), next);
  }) as unknown as Middleware);
}

/** A browser that records every response. */
export class RecordingBrowser extends Browser {
  static onPhone({ url }: Site): RecordingBrowser {
    return new RecordingBrowser(url, IPHONE_WECHAT);
  }

  static onDesk({ url }: Site): RecordingBrowser {
    return new RecordingBrowser(url, DESKTOP_CHROME);
  }

  override async request(...args: Parameters<Browser['request']>): Promise<BrowserResponse> {
    const response = await super.request(...args);
    const { 'set-cookie': set = [], location = '', ...headers } = response.headers;
    const toWechat = location.startsWith(`${emulator.url}/connect/`);
    if (toWechat) {
      canaries.add('state', stateIn(location));
      record("the address of WeChat's page", location);
    }
    const { pathname } = new URL(response.url);
    if (pathname === '/embedded' && response.status === 200) {
      canaries.add('state', (response.json() as { state: string }).state);
      record('the parameters of an embedded QR code', response.body);
    } else if (pathname === '/session') {
      record('a session', response.body);
    } else {
      record('a response', response.body);
    }
    record('a response', `${response.status} ${JSON.stringify(headers)} ${toWechat ? '' : location}`);
    for (const cookie of set) recordCookie(cookie);
    return response;
  }

  /** Starts a login and agrees: returns the callback's address. */
  async startAndAgree(from = '/login?returnTo=/me', user?: string): Promise<string> {
    const redirect = await this.follow(from);
    return this.agree(redirect.location, user);
  }

  async agree(address: string, user?: string): Promise<string> {
    const callback = await agree(emulator, address, user);
    canaries.add('code', new URL(callback).searchParams.get('code') ?? '');
    return callback;
  }

  /** Opens a callback and follows it; if the login restarts, agrees once more. */
  async finish(callback: string): Promise<BrowserResponse> {
    const response = await this.follow(callback);
    return response.location.startsWith(emulator.url)
      ? this.follow(await this.agree(response.location))
      : response;
  }

  async logInFrom(from?: string, user?: string): Promise<BrowserResponse> {
    return this.finish(await this.startAndAgree(from, user));
  }
}
