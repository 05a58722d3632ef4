import { parseArgs } from 'node:util';
import { WECHAT } from '../../oauth/endpoints';
import { FLOWS } from '../../oauth/flows';
import { UsageError, type Terminal } from '../terminal';
import type { Configuration } from './configuration';
import type { AppRoutes } from './probe/site';
import { languageOf, type Language } from '../bilingual';

export const DOCTOR_HELP = `Usage: express-wechat-auth doctor [options]

Checks a configuration, the way to WeChat, what WeChat says of it, and a running app. What no flag gives comes from the
environment, by the names that wechatAuth() reads.

Configuration:
  --app-id <id>                  official account (WECHAT_APP_ID)
  --app-secret <secret>          its AppSecret (WECHAT_APP_SECRET); - reads it from the standard input
  --website-app-id <id>          website app (WECHAT_WEBSITE_APP_ID)
  --website-app-secret <secret>  its AppSecret (WECHAT_WEBSITE_APP_SECRET); - reads it from the standard input
  --base-url <url>               public address of the app (WECHAT_BASE_URL)
  --open-url <url>               WeChat's pages (WECHAT_OPEN_URL; default ${WECHAT.open})
  --api-url <url>                WeChat's API (WECHAT_API_URL; default ${WECHAT.api})

The running app:
  --url <url>                    where it is reached, from here: http://127.0.0.1:3000, or its public address
  --mount <path>                 where wechatAuth() is mounted (default the root)
  --login <path>                 its option routes.login (default /login)
  --callback <path>              its option routes.callback (default /callback)
  --verification-file <name>     a file MP_verify_….txt that WeChat asks for; may be given again

Output:
  --json                         { ok, checks: [{ id, status, title, detail, remedy }] }
  --lang <zh|en>                 language (default by LC_ALL, LC_MESSAGES, LANG)
  --timeout <ms>                 for each question over the network (default 5000)
  --help                         show this

Ends with 0 where nothing failed, 1 where something did, 2 when called in a wrong way.`;

export interface DoctorFlags {
  readonly configuration: Configuration;
  readonly url: URL | undefined;
  readonly routes: AppRoutes;
  readonly verificationFiles: readonly string[];
  readonly json: boolean;
  readonly language: Language;
  readonly timeout: number;
}

const options = {
  'app-id': { type: 'string' },
  'app-secret': { type: 'string' },
  'website-app-id': { type: 'string' },
  'website-app-secret': { type: 'string' },
  'base-url': { type: 'string' },
  'open-url': { type: 'string' },
  'api-url': { type: 'string' },
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

/** Which environment variable stands in for a flag. */
export const ENVIRONMENT = {
  'app-id': FLOWS.official.credentials.env.appId,
  'app-secret': FLOWS.official.credentials.env.appSecret,
  'website-app-id': FLOWS.website.credentials.env.appId,
  'website-app-secret': FLOWS.website.credentials.env.appSecret,
  'base-url': 'WECHAT_BASE_URL',
  'open-url': 'WECHAT_OPEN_URL',
  'api-url': 'WECHAT_API_URL',
} as const;

type Values = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(wordsOf(error));
  }
}

/** Node repeats what it does not understand, and that may be a secret. */
function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return 'There is an argument that belongs to no flag';
  const [flag] = /--[a-z-]+/.exec(message) ?? [];
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `Unknown option '${flag ?? '-'}'`;
  return message.includes('does not take')
    ? `${flag ?? 'A flag'} takes no value`
    : `${flag ?? 'A flag'} needs a value`;
}

const SECRETS = ['app-secret', 'website-app-secret'] as const;

/** What is asked for, or undefined where it is the help. */
export async function readDoctorFlags(
  args: readonly string[],
  terminal: Terminal,
): Promise<DoctorFlags | undefined> {
  const values = parse(args);
  if (values.help) return undefined;
  const { env } = terminal;
  const typed = await withSecrets(values, terminal);
  const get = (name: keyof typeof ENVIRONMENT): string | undefined =>
    typed[name] ?? fromEnvironment(env[ENVIRONMENT[name]]);
  return {
    configuration: {
      apps: {
        official: { appId: get('app-id'), appSecret: get('app-secret') },
        website: { appId: get('website-app-id'), appSecret: get('website-app-secret') },
      },
      baseURL: get('base-url'),
      open: (get('open-url') ?? WECHAT.open).replace(/\/+$/, ''),
      api: (get('api-url') ?? WECHAT.api).replace(/\/+$/, ''),
      hasSecretInFlag: SECRETS.some((name) => values[name] !== undefined && values[name] !== '-'),
      isProduction: env['NODE_ENV'] === 'production',
    },
    url: values.url === undefined ? undefined : urlOf(values.url),
    routes: {
      mount: pathOf('--mount', values.mount.replace(/\/+$/, '')),
      login: pathOf('--login', values.login),
      callback: pathOf('--callback', values.callback),
    },
    verificationFiles: values['verification-file'].map(fileOf),
    json: values.json,
    language: values.lang === undefined ? languageOf(env) : langOf(values.lang),
    timeout: timeoutOf(values.timeout),
  };
}

/** As wechatAuth() reads it: an empty value counts as none. */
function fromEnvironment(value: string | undefined): string | undefined {
  return value?.trim() === '' ? undefined : value;
}

/** A line of the standard input for each secret that is `-`, in the order of the help. */
async function withSecrets(
  values: Values,
  { input }: Terminal,
): Promise<Partial<Record<keyof typeof ENVIRONMENT, string>>> {
  const asked = SECRETS.filter((name) => values[name] === '-');
  if (asked.length === 0) return values;
  const lines = ((await input?.()) ?? '').split(/\r?\n/).filter((line) => line !== '');
  if (lines.length < asked.length)
    throw new UsageError(`--${asked[lines.length] ?? ''} is -, but the standard input has no line for it`);
  return { ...values, ...Object.fromEntries(asked.map((name, at) => [name, lines[at]])) };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password) {
    url.pathname = url.pathname.replace(/\/+$/, '');
    return url;
  }
  throw new UsageError('--url must be an http: or https: address, such as http://127.0.0.1:3000');
}

function pathOf(flag: string, path: string): string {
  if (path === '' || /^(?:\/[\w.~-]+)+$/.test(path)) return path;
  throw new UsageError(`${flag} is ${JSON.stringify(path)}; it must be a path, such as /login`);
}

function fileOf(name: string): string {
  if (/^\/?(?:[\w.-]+\/)*[\w-]+\.txt$/.test(name)) return name;
  throw new UsageError(
    `--verification-file is ${JSON.stringify(name)}; it must be a name such as MP_verify_Ab12Cd34Ef56Gh78.txt`,
  );
}

function langOf(lang: string): Language {
  if (lang === 'zh' || lang === 'en') return lang;
  throw new UsageError(`--lang is ${JSON.stringify(lang)}; it must be zh or en`);
}

const LONGEST_MS = 120_000;

function timeoutOf(text: string): number {
  const ms = Number(text);
  if (/^\d+$/.test(text) && ms > 0 && ms <= LONGEST_MS) return ms;
  throw new UsageError(
    `--timeout is ${JSON.stringify(text)}; it must be milliseconds from 1 to ${LONGEST_MS}`,
  );
}
