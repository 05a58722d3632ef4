// Clients that post codes: a mini program, a mobile app. Neither is a browser, so neither sends Origin or
// Sec-Fetch-Site.
import type { ServerResponse } from 'node:http';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { isWechatError, type WechatAuthOptions, type WechatContext } from '../../../lib';
import { sendJSON, type TestRequest } from '../app';
import { Browser, type BrowserResponse } from '../browser';
import { emulator } from '../emulator';
import type { Host } from '../hosts';

export type CodeFlow = Parameters<WechatContext['loginWithCode']>[0];
export type CodeOptions = NonNullable<Parameters<WechatContext['loginWithCode']>[2]>;
export const CODE_FLOWS: readonly CodeFlow[] = ['miniProgram', 'mobileApp'];

/** The accounts whose clients post codes. For WeChat, a mobile app is an app of the Open Platform. */
export function codeAccounts(): Pick<WechatAuthOptions, 'miniProgram' | 'mobileApp'> {
  const { miniProgram, website } = emulator.apps;
  return {
    miniProgram: { appId: miniProgram.appId, appSecret: miniProgram.appSecret },
    mobileApp: { appId: website.appId, appSecret: website.appSecret },
  };
}

export function appIdOf(flow: CodeFlow): string {
  return { miniProgram: emulator.apps.miniProgram, mobileApp: emulator.apps.website }[flow].appId;
}

export function openidOf(flow: CodeFlow, user = 'ming'): string {
  return emulator.openid(user, appIdOf(flow));
}

/** A code as `wx.login` or the OpenSDK returns it. */
export function newCode(flow: CodeFlow, user = 'ming', scope = 'snsapi_userinfo'): string {
  return emulator.issueCode({ app: appIdOf(flow), user, scope });
}

interface Posted extends CodeOptions {
  readonly flow: CodeFlow;
  readonly code: unknown;
}

/**
 * `POST /codes` logs in with the code of its JSON body. An error is sent with its status, as
 * `{ kind, message }`. `POST /logout-by-app` logs out.
 */
export function codeRoutes(app: Host, onError: (error: unknown) => void = () => undefined): void {
  app.use('/codes', (req, res) => {
    void logInWithCode(req as TestRequest, res, onError);
  });
  app.use('/logout-by-app', (req, res) => {
    void (req as TestRequest).wechat.logout().then(() => {
      res.end();
    });
  });
}

async function logInWithCode(
  req: TestRequest,
  res: ServerResponse,
  onError: (error: unknown) => void,
): Promise<void> {
  const { flow, code, ...options } = (await bodyOf(req)) as Posted;
  try {
    const user = await req.wechat.loginWithCode(flow, code as string, options);
    sendJSON(res, { user, asSeen: req.wechat.user ?? null });
  } catch (error) {
    onError(error);
    res.statusCode = isWechatError(error) ? error.status : 599;
    sendJSON(res, isWechatError(error) ? { kind: error.kind, message: error.message } : String(error));
  }
}

async function bodyOf(req: HostRequest): Promise<unknown> {
  let text = '';
  for await (const chunk of req) text += String(chunk);
  return JSON.parse(text) as unknown;
}

/** The response to `POST /codes`. */
export interface CodeResponse extends BrowserResponse {
  readonly kind: unknown;
  readonly user: Record<string, unknown>;
}

const REFERER = 'https://servicewechat.com/wx0123456789abcdef/12/page-frame.html';

/**
 * A client that sends requests as a mini program does. Its browser stands in for code that keeps the cookies.
 */
export class CodeClient {
  readonly #browser: Browser;

  constructor(
    readonly url: string,
    browser = new Browser(url, 'MicroMessenger NetType/WIFI MiniProgramEnv'),
  ) {
    this.#browser = browser;
  }

  async post(
    path: string,
    body: unknown,
    { headers = {}, ...options }: Parameters<Browser['request']>[1] = {},
  ): Promise<BrowserResponse> {
    return this.#browser.request(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', Accept: '*/*', Referer: REFERER, ...headers },
      ...options,
    });
  }

  async logIn(
    flow: CodeFlow,
    code: unknown,
    more: object = {},
    options: Parameters<Browser['request']>[1] = {},
  ): Promise<CodeResponse> {
    const response = await this.post('/codes', { flow, code, ...more }, options);
    const { kind, user = {} } = response.json() as { kind?: unknown; user?: Record<string, unknown> };
    return { ...response, kind, user };
  }

  async get(
    path: string,
    { headers = {}, ...options }: Parameters<Browser['request']>[1] = {},
  ): Promise<BrowserResponse> {
    return this.#browser.get(path, {
      headers: { Accept: '*/*', Referer: REFERER, ...headers },
      ...options,
    });
  }

  async session(): Promise<Record<string, unknown>> {
    return (await this.get('/session')).json() as Record<string, unknown>;
  }

  cookies(): string {
    return this.#browser.cookies();
  }
}

/** How often WeChat was asked to exchange a code. */
export function exchanges(): number {
  return emulator.requests.filter(({ path }) =>
    ['/sns/jscode2session', '/sns/oauth2/access_token'].includes(path),
  ).length;
}
