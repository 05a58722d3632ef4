// One emulator and the few moves that its tests are told in.
import { createEmulator, type Emulator, type EmulatorOptions } from '../../../lib/emulator/index';

export type Parameters = Readonly<Record<string, string | undefined>>;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed as a tolerant client does; the wire text is `text`. */
  readonly json: Record<string, unknown>;
  readonly location: string;
}

export const IN_WECHAT = {
  'User-Agent': 'Mozilla/5.0 (iPhone) MicroMessenger/8.0.76(0x18004c24) Language/zh_CN',
};
export const CALLBACK = 'https://h5.example.com/callback';

function queryString(parameters: Parameters): string {
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return new URLSearchParams(given).toString();
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text.replace(/\p{Cc}/gu, '')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, text, json: parse(text), location: headers.get('location') ?? '' };
}

export class EmulatorClient {
  constructor(readonly wechat: Emulator) {}

  static async start(options?: EmulatorOptions): Promise<EmulatorClient> {
    return new EmulatorClient(await createEmulator(options));
  }

  async get(path: string, parameters: Parameters = {}, headers: Record<string, string> = {}): Promise<Reply> {
    const url = `${this.wechat.url}${path}?${queryString(parameters)}`;
    return replyOf(await fetch(url, { headers, redirect: 'manual' }));
  }

  async post(
    path: string,
    form: Parameters,
    query: Parameters = {},
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const url = `${this.wechat.url}${path}?${queryString(query)}`;
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return replyOf(
      await fetch(url, {
        method: 'POST',
        headers: { ...type, ...headers },
        body: queryString(form),
        redirect: 'manual',
      }),
    );
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

  /** The page as WeChat's browser gets it. */
  authorizePage(changes: Parameters = {}): Promise<Reply> {
    return this.get('/connect/oauth2/authorize', this.authorizeParameters(changes), IN_WECHAT);
  }

  qrParameters(changes: Parameters = {}): Parameters {
    const { appId } = this.wechat.apps.website;
    return this.authorizeParameters({ appid: appId, scope: 'snsapi_login', ...changes });
  }

  qrURL(changes: Parameters = {}): string {
    return `${this.wechat.url}/connect/qrconnect?${queryString(this.qrParameters(changes))}#wechat_redirect`;
  }

  qrPage(changes: Parameters = {}): Promise<Reply> {
    return this.get('/connect/qrconnect', this.qrParameters(changes));
  }

  poll(uuid: string, parameters: Parameters = {}): Promise<Reply> {
    return this.get('/connect/l/qrconnect', { uuid, _: '1', ...parameters });
  }

  codeParameters(code: string, changes: Parameters = {}): Parameters {
    const { appId, appSecret } = this.wechat.apps.official;
    return { appid: appId, secret: appSecret, code, grant_type: 'authorization_code', ...changes };
  }

  redeem(code: string, changes: Parameters = {}): Promise<Reply> {
    return this.get('/sns/oauth2/access_token', this.codeParameters(code, changes));
  }

  /** A code of the official account, and what it buys. */
  async login(options: { user?: string; scope?: string; virtual?: boolean } = {}): Promise<Reply> {
    return this.redeem(this.wechat.issueCode({ app: this.wechat.apps.official.appId, ...options }));
  }

  refresh(refreshToken: unknown, changes: Parameters = {}): Promise<Reply> {
    const { appId } = this.wechat.apps.official;
    const parameters = {
      appid: appId,
      grant_type: 'refresh_token',
      refresh_token: String(refreshToken),
      ...changes,
    };
    return this.get('/sns/oauth2/refresh_token', parameters);
  }

  userinfo(token: Reply, changes: Parameters = {}): Promise<Reply> {
    const { access_token: accessToken, openid } = token.json;
    return this.get('/sns/userinfo', {
      access_token: String(accessToken),
      openid: String(openid),
      ...changes,
    });
  }

  auth(token: Reply, changes: Parameters = {}): Promise<Reply> {
    const { access_token: accessToken, openid } = token.json;
    return this.get('/sns/auth', { access_token: String(accessToken), openid: String(openid), ...changes });
  }

  jscode2session(code: string, changes: Parameters = {}): Promise<Reply> {
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

/** The uuid that a QR page shows. */
export function uuidOf(page: Reply): string {
  return /data-uuid="([^"]+)"/.exec(page.text)?.[1] ?? '';
}

export function codeIn(callback: string | undefined): string {
  return /[?&]code=([^&#]*)/.exec(callback ?? '')?.[1] ?? '';
}

const WITHOUT_SUFFIX = /, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/;

/** `40029 invalid code`, once the rid is seen to be there. */
export function refusal(reply: Reply): string {
  const { errcode, errmsg } = reply.json as { errcode?: number; errmsg?: string };
  if (!WITHOUT_SUFFIX.test(errmsg ?? '')) return `no rid: ${reply.text}`;
  return `${String(errcode)} ${(errmsg ?? '').replace(WITHOUT_SUFFIX, '')}`;
}
