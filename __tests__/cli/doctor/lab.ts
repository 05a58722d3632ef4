// The doctor in this process, with a terminal that the test holds.
import http from 'node:http';
import { run } from '../../../lib/cli/run';
import type { Emulator } from '../../../lib/emulator/index';
import { listen, type Running } from '../../support/hosts';

export interface Check {
  readonly id: string;
  readonly status: 'ok' | 'failed' | 'warning' | 'skipped';
  readonly title: string;
  readonly detail: string;
  readonly remedy: string | null;
}

export interface Said {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export type Env = Readonly<Record<string, string>>;

interface Sight {
  /** Of the terminal; none for a pipe. */
  readonly columns?: number;
  readonly input?: string;
}

export async function doctor(
  args: readonly string[],
  env: Env = {},
  { columns, input }: Sight = {},
): Promise<Said> {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await run(['doctor', ...args], {
    env,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    stopped: new Promise<void>(() => undefined),
    ...(columns !== undefined && { screen: { columns } }),
    ...(input !== undefined && { input: () => Promise.resolve(input) }),
  });
  return { exit, out: out.join('\n'), err: err.join('\n') };
}

export interface Examined extends Said {
  /** id → status, of all checks that were made. */
  readonly statuses: Readonly<Record<string, string>>;
  /** The ids of those that are not fine. */
  readonly bad: readonly string[];
  readonly check: (id: string) => Check;
}

/** What `--json` says. */
export async function examine(args: readonly string[], env: Env = {}): Promise<Examined> {
  const said = await doctor([...args, '--json', '--lang', 'en'], env);
  const { checks } = JSON.parse(said.out) as { checks: Check[] };
  return {
    ...said,
    statuses: Object.fromEntries(checks.map(({ id, status }) => [id, status])),
    bad: checks.filter(({ status }) => status === 'failed' || status === 'warning').map(({ id }) => id),
    check: (id) => {
      const found = checks.find((each) => each.id === id);
      if (found) return found;
      throw new Error(`no check ${id} in ${said.out}`);
    },
  };
}

/** The environment of an app that uses this WeChat, with both of its apps. */
export function environmentOf({ url, apps }: Emulator): Env {
  return {
    WECHAT_OPEN_URL: url,
    WECHAT_API_URL: url,
    WECHAT_APP_ID: apps.official.appId,
    WECHAT_APP_SECRET: apps.official.appSecret,
    WECHAT_WEBSITE_APP_ID: apps.website.appId,
    WECHAT_WEBSITE_APP_SECRET: apps.website.appSecret,
  };
}

export function officialOf(emulator: Emulator): Env {
  return without(environmentOf(emulator), /^WECHAT_WEBSITE_/);
}

export function websiteOf(emulator: Emulator): Env {
  return without(environmentOf(emulator), /^WECHAT_APP_/);
}

function without(env: Env, names: RegExp): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)));
}

/** A proxy before an app: it passes all on, with these headers laid over what came. */
export function startProxy(
  target: string,
  headers: http.OutgoingHttpHeaders,
  change: (answer: http.IncomingMessage) => void = () => undefined,
): Promise<Running> {
  return listen((req, res) => {
    const onward = http.request(
      new URL(req.url ?? '/', target),
      { method: req.method, headers: { ...req.headers, ...headers }, agent: false },
      (answer) => {
        change(answer);
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      },
    );
    req.pipe(onward);
  });
}
