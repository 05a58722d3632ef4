import { WECHAT } from '../../oauth/endpoints';
import { FLOWS } from '../../oauth/flows';
import { bilingual, type Bilingual } from '../bilingual';
import { readEnvFiles } from '../env-file';
import { checkLanguage, parseFlags } from '../flags';
import { UsageError, type Terminal } from '../terminal';
import { isAppId } from '../../oauth/credentials';
import type { Configuration } from './configuration';
import { withoutSlash, type AppRoutes } from './probe/site';

export interface DoctorFlags {
  readonly configuration: Configuration;
  readonly url: URL | undefined;
  readonly routes: AppRoutes;
  readonly verificationFiles: readonly string[];
  readonly json: boolean;
  readonly timeout: number;
}

export const OPTIONS = {
  'app-id': { type: 'string' },
  'app-secret': { type: 'string' },
  'component-app-id': { type: 'string' },
  'component-access-token': { type: 'string' },
  'website-app-id': { type: 'string' },
  'website-app-secret': { type: 'string' },
  'mini-program-app-id': { type: 'string' },
  'mini-program-app-secret': { type: 'string' },
  'mobile-app-id': { type: 'string' },
  'mobile-app-secret': { type: 'string' },
  account: { type: 'string' },
  'base-url': { type: 'string' },
  relay: { type: 'string' },
  'open-url': { type: 'string' },
  'api-url': { type: 'string' },
  'env-file': { type: 'string', multiple: true, default: [] as string[] },
  url: { type: 'string' },
  mount: { type: 'string', default: '' },
  login: { type: 'string', default: '/login' },
  callback: { type: 'string', default: '/callback' },
  'verification-file': { type: 'string', multiple: true, default: [] as string[] },
  json: { type: 'boolean', default: false },
  lang: { type: 'string' },
  timeout: { type: 'string', default: '5000' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** The environment variable that is read if a flag is not given. */
export const ENVIRONMENT = {
  'app-id': FLOWS.official.credentials.env.appId,
  'app-secret': FLOWS.official.credentials.env.appSecret,
  'website-app-id': FLOWS.website.credentials.env.appId,
  'website-app-secret': FLOWS.website.credentials.env.appSecret,
  'mini-program-app-id': FLOWS.miniProgram.credentials.env.appId,
  'mini-program-app-secret': FLOWS.miniProgram.credentials.env.appSecret,
  'mobile-app-id': FLOWS.mobileApp.credentials.env.appId,
  'mobile-app-secret': FLOWS.mobileApp.credentials.env.appSecret,
  'base-url': 'WECHAT_BASE_URL',
  relay: 'WECHAT_RELAY',
  'open-url': 'WECHAT_OPEN_URL',
  'api-url': 'WECHAT_API_URL',
} as const;

type Values = ReturnType<typeof parseDoctorFlags>;

/** @throws UsageError */
export function parseDoctorFlags(args: readonly string[]) {
  return parseFlags(args, OPTIONS);
}

/**
 * The configuration comes from the flags, then from the environment, then from the files of `--env-file`.
 *
 * @throws UsageError
 */
export async function readDoctorFlags(values: Values, terminal: Terminal): Promise<DoctorFlags> {
  checkLanguage(values.lang);
  const url = values.url === undefined ? undefined : urlOf(values.url);
  const account = accountOf(values, url);
  const flags = {
    url,
    routes: {
      mount: (account?.path ?? '') + pathOf('--mount', withoutSlash(values.mount)),
      login: pathOf('--login', values.login),
      callback: pathOf('--callback', values.callback),
    },
    verificationFiles: values['verification-file'].map(fileOf),
    json: values.json,
    timeout: timeoutOf(values.timeout),
  };
  const env = { ...readEnvFiles(values['env-file']), ...terminal.env };
  const secrets = await readSecrets(values, terminal);
  return { ...flags, configuration: configurationOf(values, secrets, env, account) };
}

/** The facts that `--account` gives about one account of an app that serves many. */
interface OneOfMany {
  readonly by: NonNullable<Configuration['accountBy']>;
  readonly appId?: string;
  /** The public address of its pages. */
  readonly address?: string;
  /** The path below which its pages are. */
  readonly path?: string;
}

/** @throws UsageError */
function accountOf(
  { account, 'app-id': appId, 'base-url': baseURL }: Values,
  url: URL | undefined,
): OneOfMany | undefined {
  if (account === undefined) return undefined;
  if (account.startsWith('/')) return { by: 'path', path: pathOf('--account', withoutSlash(account)) };
  if (isAppId(account)) {
    if (appId !== undefined && appId !== account) throw new UsageError(TEXTS.accountTwice('--app-id'));
    return { by: 'appId', appId: account };
  }
  const address = /^https?:\/\//.test(account) ? account : `https://${account}`;
  if (!URL.canParse(address) || !/^https?:\/\/[^\s/?#@]+$/.test(address))
    throw new UsageError(TEXTS.account(account));
  if (baseURL !== undefined) throw new UsageError(TEXTS.accountTwice('--base-url'));
  return { by: 'host', address: address === account ? address : addressOfHost(account, url) };
}

/**
 * The address of a host that was given without a scheme. Browsers use https, except for an app under
 * development: a host of this machine, or one with the port of `--url`, has no proxy in front of it.
 */
function addressOfHost(host: string, url: URL | undefined): string {
  const https = `https://${host}`;
  if (!url) return https;
  const address = new URL(`${url.protocol}//${host}`);
  const hasPort = /:\d+$/.test(host);
  if (hasPort && address.port === url.port) return address.origin;
  if (!OF_THIS_MACHINE.test(address.hostname)) return https;
  if (!hasPort) address.port = url.port;
  return address.origin;
}

const OF_THIS_MACHINE = /^(?:(?:[^.]+\.)*localhost|127(?:\.\d+){3}|\[::1\])$/;

/** In the order of the help. */
const SECRETS = [
  ...(['app-secret', 'component-access-token', 'website-app-secret'] as const),
  ...(['mini-program-app-secret', 'mobile-app-secret'] as const),
] as const;

type Secrets = Partial<Record<(typeof SECRETS)[number], string | undefined>>;

function configurationOf(
  values: Values,
  secrets: Secrets,
  env: Terminal['env'],
  account: OneOfMany | undefined,
): Configuration {
  const given: Partial<Record<keyof typeof ENVIRONMENT, string | undefined>> = { ...values, ...secrets };
  const get = (name: keyof typeof ENVIRONMENT): string | undefined =>
    nonEmpty(given[name]) ?? nonEmpty(env[ENVIRONMENT[name]]);
  // As in `wechatAuth()`: if the option `account` is given, no credentials come from the environment.
  const credential = (name: keyof typeof ENVIRONMENT): string | undefined =>
    account === undefined ? get(name) : nonEmpty(given[name]);
  const component = componentIn(values, secrets);
  return {
    apps: {
      official: {
        appId: account?.appId ?? credential('app-id'),
        appSecret: component ? undefined : credential('app-secret'),
      },
      website: { appId: credential('website-app-id'), appSecret: credential('website-app-secret') },
      miniProgram: {
        appId: credential('mini-program-app-id'),
        appSecret: credential('mini-program-app-secret'),
      },
      mobileApp: { appId: credential('mobile-app-id'), appSecret: credential('mobile-app-secret') },
    },
    component,
    accountBy: account?.by,
    baseURL: account?.address ?? get('base-url'),
    relay: get('relay'),
    open: withoutSlash(get('open-url') ?? WECHAT.open),
    api: withoutSlash(get('api-url') ?? WECHAT.api),
    hasSecretInFlag: SECRETS.some((name) => (nonEmpty(values[name]) ?? '-') !== '-'),
    isProduction: env['NODE_ENV'] === 'production',
  };
}

/** @throws UsageError */
function componentIn(values: Values, secrets: Secrets): Configuration['component'] {
  const appId = nonEmpty(values['component-app-id']);
  const accessToken = nonEmpty(secrets['component-access-token'] ?? values['component-access-token']);
  if (appId === undefined && accessToken !== undefined) throw new UsageError(TEXTS.componentAppId);
  return appId === undefined ? undefined : { appId, accessToken };
}

/** As in `wechatAuth()`, an empty variable counts as not set; so does a flag with an empty value. */
function nonEmpty(value: string | undefined): string | undefined {
  return value?.trim() === '' ? undefined : value;
}

/** Reads one line of the standard input for each secret flag that is `-`, in the order of the help. */
async function readSecrets(values: Values, { input }: Terminal): Promise<Secrets> {
  const wanted = SECRETS.filter((name) => values[name] === '-');
  if (wanted.length === 0) return {};
  const lines = ((await input?.()) ?? '').split(/\r?\n/).filter((line) => line !== '');
  const missing = wanted[lines.length];
  if (missing !== undefined) throw new UsageError(TEXTS.noLine(missing));
  return Object.fromEntries(wanted.map((name, index) => [name, lines[index]]));
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password)
    throw new UsageError(TEXTS.url);
  url.pathname = withoutSlash(url.pathname);
  return url;
}

function pathOf(flag: string, path: string): string {
  if (path === '' || /^(?:\/[\w.~-]+)+$/.test(path)) return path;
  throw new UsageError(TEXTS.path(flag, path));
}

function fileOf(name: string): string {
  if (/^\/?(?:[\w.-]+\/)*[\w-]+\.txt$/.test(name)) return name;
  throw new UsageError(TEXTS.file(name));
}

/**
 * In ms. Requests that still run after this time are aborted as timed out, so that the command ends within a
 * minute.
 */
export const LONGEST_RUN = 50_000;

function timeoutOf(text: string): number {
  const ms = Number(text);
  if (/^\d+$/.test(text) && ms > 0 && ms <= LONGEST_RUN) return ms;
  throw new UsageError(TEXTS.timeout(text));
}

export const DOCTOR_HELP: Bilingual = bilingual(
  `Usage: express-wechat-auth doctor [options]

Checks a configuration, the network to WeChat, WeChat's responses, and a running app. If a flag is not given, the
doctor reads the same environment variable as wechatAuth().

Configuration:
  --app-id <id>                       official account (WECHAT_APP_ID)
  --app-secret <secret>               its AppSecret (WECHAT_APP_SECRET), or - for standard input
  --component-app-id <id>             third-party platform that acts for it, in place of its AppSecret
  --component-access-token <token>    token of the platform, or - for standard input
  --website-app-id <id>               website app (WECHAT_WEBSITE_APP_ID)
  --website-app-secret <secret>       its AppSecret (WECHAT_WEBSITE_APP_SECRET), or - for standard input
  --mini-program-app-id <id>          mini program (WECHAT_MINI_PROGRAM_APP_ID)
  --mini-program-app-secret <secret>  its AppSecret (WECHAT_MINI_PROGRAM_APP_SECRET), or - for standard input
  --mobile-app-id <id>                mobile app (WECHAT_MOBILE_APP_ID)
  --mobile-app-secret <secret>        its AppSecret (WECHAT_MOBILE_APP_SECRET), or - for standard input
  --account <host|path|AppID>         one account of an app that serves many (option account). A host is checked
                                      with https. If it is a host of this machine (a.localhost) or has the port
                                      of --url, it is checked with the scheme and the port of --url. An address
                                      is accepted, too: --account http://a.localhost:3000
  --base-url <url>                    public address of the app (WECHAT_BASE_URL)
  --relay <url>                       relay that stands in WeChat's console for it (WECHAT_RELAY)
  --open-url <url>                    WeChat's pages (WECHAT_OPEN_URL; default ${WECHAT.open})
  --api-url <url>                     WeChat's API (WECHAT_API_URL; default ${WECHAT.api})
  --env-file <file>                   a file such as .env, for variables that are not set; may be repeated
If several flags are -, give one line for each on the standard input, in this order.

The running app:
  --url <url>                         its address for this machine, such as http://127.0.0.1:3000, or its public one
  --mount <path>                      where wechatAuth() is mounted (default the root)
  --login <path>                      value of its option routes.login (default /login)
  --callback <path>                   value of its option routes.callback (default /callback)
  --verification-file <name>          a file MP_verify_….txt that WeChat asks for; may be repeated

Output:
  --json                              { ok, checks: [{ id, status, title, detail, remedy }] }
  --lang <zh|en>                      language (default by LC_ALL, LC_MESSAGES, LANG)
  --timeout <ms>                      time limit of each request, at most 50000 (default 5000)
  --help                              print this help

Exits with 0 if no check failed, with 1 if one did, and with 2 after a usage error.`,
  `用法：express-wechat-auth doctor [选项]

检查配置、到微信的网络、微信的响应以及运行中的应用。没有用选项给出的值取自环境变量，名称与 wechatAuth() 读取的相同。

配置：
  --app-id <id>                       服务号（WECHAT_APP_ID）
  --app-secret <secret>               其 AppSecret（WECHAT_APP_SECRET）；- 表示从标准输入读取
  --component-app-id <id>             代其授权的第三方平台，代替 AppSecret
  --component-access-token <token>    平台的 component_access_token；- 表示从标准输入读取
  --website-app-id <id>               网站应用（WECHAT_WEBSITE_APP_ID）
  --website-app-secret <secret>       其 AppSecret（WECHAT_WEBSITE_APP_SECRET）；- 表示从标准输入读取
  --mini-program-app-id <id>          小程序（WECHAT_MINI_PROGRAM_APP_ID）
  --mini-program-app-secret <secret>  其 AppSecret（WECHAT_MINI_PROGRAM_APP_SECRET）；- 表示从标准输入读取
  --mobile-app-id <id>                移动应用（WECHAT_MOBILE_APP_ID）
  --mobile-app-secret <secret>        其 AppSecret（WECHAT_MOBILE_APP_SECRET）；- 表示从标准输入读取
  --account <host|path|AppID>         多账号应用（配置 account）中的一个账号。域名按 https 检查；如果是
                                      本机域名（a.localhost），或端口与 --url 相同，则按 --url 的协议与
                                      端口检查。也可以写完整地址：--account http://a.localhost:3000
  --base-url <url>                    应用的公网地址（WECHAT_BASE_URL）
  --relay <url>                       代替应用填写在微信后台的中转（WECHAT_RELAY）
  --open-url <url>                    微信页面的地址（WECHAT_OPEN_URL；默认 ${WECHAT.open}）
  --api-url <url>                     微信 API 的地址（WECHAT_API_URL；默认 ${WECHAT.api}）
  --env-file <file>                   从 .env 之类的文件读取未设置的环境变量；可重复给出
若有多个选项为 -，标准输入中每个选项一行，按上面的顺序。

运行中的应用：
  --url <url>                         从本机访问应用的地址：http://127.0.0.1:3000 或其公网地址
  --mount <path>                      wechatAuth() 的挂载路径（默认为根路径）
  --login <path>                      应用的配置 routes.login（默认 /login）
  --callback <path>                   应用的配置 routes.callback（默认 /callback）
  --verification-file <name>          微信要求的校验文件 MP_verify_….txt；可重复给出

输出：
  --json                              { ok, checks: [{ id, status, title, detail, remedy }] }
  --lang <zh|en>                      语言（默认取自 LC_ALL、LC_MESSAGES、LANG）
  --timeout <ms>                      每次请求的时限，毫秒，最多 50000（默认 5000）
  --help                              显示本帮助

没有失败时退出码为 0，有失败为 1，用法错误为 2。`,
);

const TEXTS = {
  noLine: (flag: string) =>
    bilingual(
      `--${flag} is -, but the standard input has no line for it`,
      `--${flag} 的值是 -，但标准输入里没有对应的那一行`,
    ),
  url: bilingual(
    '--url must be an http: or https: address without user, query and fragment, such as http://127.0.0.1:3000',
    '--url 应为 http: 或 https: 地址，不含用户名、查询参数与片段，例如 http://127.0.0.1:3000',
  ),
  account: (account: string) =>
    bilingual(
      `--account is ${JSON.stringify(account)}; it must be a host such as shop.example.com or its address such as ` +
        'http://a.localhost:3000, a path such as /shop, or an AppID',
      `--account 的值是 ${JSON.stringify(account)}；应为域名（例如 shop.example.com）或其地址` +
        '（例如 http://a.localhost:3000）、路径（例如 /shop）或 AppID',
    ),
  accountTwice: (flag: string) =>
    bilingual(
      `--account already gives the value of ${flag}: leave one of the two flags out`,
      `--account 与 ${flag} 给出了同一项：请去掉其中一个`,
    ),
  componentAppId: bilingual(
    '--component-access-token is given without --component-app-id, the AppID of the third-party platform',
    '给出了 --component-access-token，还须用 --component-app-id 给出第三方平台的 AppID',
  ),
  path: (flag: string, path: string) =>
    bilingual(
      `${flag} is ${JSON.stringify(path)}; it must be a path, such as /login`,
      `${flag} 的值是 ${JSON.stringify(path)}；应为路径，例如 /login`,
    ),
  file: (name: string) =>
    bilingual(
      `--verification-file is ${JSON.stringify(name)}; it must be a name such as MP_verify_Ab12Cd34Ef56Gh78.txt`,
      `--verification-file 的值是 ${JSON.stringify(name)}；应为文件名，例如 MP_verify_Ab12Cd34Ef56Gh78.txt`,
    ),
  timeout: (text: string) =>
    bilingual(
      `--timeout is ${JSON.stringify(text)}; it must be milliseconds from 1 to ${LONGEST_RUN}`,
      `--timeout 的值是 ${JSON.stringify(text)}；应为 1 到 ${LONGEST_RUN} 之间的毫秒数`,
    ),
};
