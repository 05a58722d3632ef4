// Starts the emulators of a test, and sends them the requests that the tests need.
import { createEmulator, type Emulator, type EmulatorOptions } from '../../../lib/emulator/index';

/**
 * Returns a function that starts an emulator and resolves to its client. Every emulator is closed after its
 * test.
 */
export function useEmulatorClient(): (options?: EmulatorOptions) => Promise<EmulatorClient> {
  const clients: EmulatorClient[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(({ wechat }) => wechat.close()));
  });
  return async (options) => {
    const client = new EmulatorClient(await createEmulator(options));
    clients.push(client);
    return client;
  };
}

export type Parameters = Readonly<Record<string, string | undefined>>;

export interface ReceivedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /**
   * The JSON of `text`, or `{}` if it is not JSON. Control characters are removed before parsing, because
   * WeChat sends them unescaped in nicknames and JSON.parse refuses them.
   */
  readonly json: Record<string, unknown>;
  /** The Location header, or '' without one. */
  readonly location: string;
}

export const IN_WECHAT = {
  'User-Agent': 'Mozilla/5.0 (iPhone) MicroMessenger/8.0.76(0x18004c24) Language/zh_CN',
};
export const CALLBACK = 'https://h5.example.com/callback';

export class EmulatorClient {
  constructor(readonly wechat: Emulator) {}

  async get(
    path: string,
    parameters: Parameters = {},
    headers: Record<string, string> = {},
  ): Promise<ReceivedResponse> {
    const url = `${this.wechat.url}${path}?${queryString(parameters)}`;
    return receive(await fetch(url, { headers, redirect: 'manual' }));
  }

  async post(
    path: string,
    form: Parameters,
    query: Parameters = {},
    headers: Record<string, string> = {},
  ): Promise<ReceivedResponse> {
    const url = `${this.wechat.url}${path}?${queryString(query)}`;
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return receive(
      await fetch(url, {
        method: 'POST',
        headers: { ...type, ...headers },
        body: queryString(form),
        redirect: 'manual',
      }),
    );
  }

  async postJSON(path: string, body: object): Promise<ReceivedResponse> {
    const headers = { 'Content-Type': 'application/json' };
    const url = `${this.wechat.url}${path}`;
    return receive(await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }));
  }

  authorizeParameters(changes: Parameters = {}): Parameters {
    return {
      appid: this.wechat.apps.official.appId,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'snsapi_userinfo',
      state: 'abc',
      ...changes,
    };
  }

  authorizeURL(changes: Parameters = {}): string {
    return `${this.wechat.url}/connect/oauth2/authorize?${queryString(this.authorizeParameters(changes))}#wechat_redirect`;
  }

  /** The authorize page in WeChat's browser. */
  authorizePage(changes: Parameters = {}): Promise<ReceivedResponse> {
    return this.get('/connect/oauth2/authorize', this.authorizeParameters(changes), IN_WECHAT);
  }

  qrParameters(changes: Parameters = {}): Parameters {
    const { appId } = this.wechat.apps.website;
    return this.authorizeParameters({ appid: appId, scope: 'snsapi_login', ...changes });
  }

  qrURL(changes: Parameters = {}): string {
    return `${this.wechat.url}/connect/qrconnect?${queryString(this.qrParameters(changes))}#wechat_redirect`;
  }

  qrPage(changes: Parameters = {}): Promise<ReceivedResponse> {
    return this.get('/connect/qrconnect', this.qrParameters(changes));
  }

  poll(uuid: string, parameters: Parameters = {}): Promise<ReceivedResponse> {
    return this.get('/connect/l/qrconnect', { uuid, _: '1', ...parameters });
  }

  codeParameters(code: string, changes: Parameters = {}): Parameters {
    const { appId, appSecret } = this.wechat.apps.official;
    return { appid: appId, secret: appSecret, code, grant_type: 'authorization_code', ...changes };
  }

  redeem(code: string, changes: Parameters = {}): Promise<ReceivedResponse> {
    return this.get('/sns/oauth2/access_token', this.codeParameters(code, changes));
  }

  /** The token response for a new code of the official account. */
  async login(options: { user?: string; scope?: string; virtual?: boolean } = {}): Promise<ReceivedResponse> {
    return this.redeem(this.wechat.issueCode({ app: this.wechat.apps.official.appId, ...options }));
  }

  refresh(refreshToken: unknown, changes: Parameters = {}): Promise<ReceivedResponse> {
    const { appId } = this.wechat.apps.official;
    const parameters = {
      appid: appId,
      grant_type: 'refresh_token',
      refresh_token: String(refreshToken),
      ...changes,
    };
    return this.get('/sns/oauth2/refresh_token', parameters);
  }

  userinfo(token: ReceivedResponse, changes: Parameters = {}): Promise<ReceivedResponse> {
    const { access_token: accessToken, openid } = token.json;
    return this.get('/sns/userinfo', {
      access_token: String(accessToken),
      openid: String(openid),
      ...changes,
    });
  }

  auth(token: ReceivedResponse, changes: Parameters = {}): Promise<ReceivedResponse> {
    const { access_token: accessToken, openid } = token.json;
    return this.get('/sns/auth', { access_token: String(accessToken), openid: String(openid), ...changes });
  }

  jscode2session(code: string, changes: Parameters = {}): Promise<ReceivedResponse> {
    const { appId, appSecret } = this.wechat.apps.miniProgram;
    const parameters = {
      appid: appId,
      secret: appSecret,
      js_code: code,
      grant_type: 'authorization_code',
      ...changes,
    };
    return this.get('/sns/jscode2session', parameters);
  }

  miniProgramCode(user?: string): string {
    return this.wechat.issueCode({
      app: this.wechat.apps.miniProgram.appId,
      ...(user === undefined ? {} : { user }),
    });
  }
}

function queryString(parameters: Parameters): string {
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return new URLSearchParams(given).toString();
}

async function receive(response: Response): Promise<ReceivedResponse> {
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, text, json: parse(text), location: headers.get('location') ?? '' };
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text.replace(/\p{Cc}/gu, '')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The uuid of the QR code on a page. */
export function uuidOf(page: Pick<ReceivedResponse, 'text'>): string {
  return /data-uuid="([^"]+)"/.exec(page.text)?.[1] ?? '';
}

export function codeIn(callback: string | undefined): string {
  return /[?&]code=([^&#]*)/.exec(callback ?? '')?.[1] ?? '';
}

const RID_SUFFIX = /, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/;

/**
 * The errcode and errmsg of a response, such as `40029 invalid code`, or a complaint if the rid is missing.
 */
export function refusal(response: ReceivedResponse): string {
  const { errcode, errmsg } = response.json as { errcode?: number; errmsg?: string };
  if (!RID_SUFFIX.test(errmsg ?? '')) return `no rid: ${response.text}`;
  return `${String(errcode)} ${(errmsg ?? '').replace(RID_SUFFIX, '')}`;
}
