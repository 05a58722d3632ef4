// Runs the doctor in this process, with a terminal that the test provides.
import http from 'node:http';
import { run } from '../../../lib/cli/run';
import { environmentOf } from '../../support/emulator';
import type { Emulator } from '../../../lib/emulator/index';
import { listen, type Running } from '../../support/hosts';

export interface Check {
  readonly id: string;
  readonly status: 'ok' | 'failed' | 'warning' | 'skipped';
  readonly detail: string;
  readonly remedy: string | null;
}

export interface Output {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export type Env = Readonly<Record<string, string>>;

interface TerminalOptions {
  /** The width of the terminal; undefined for a pipe. */
  readonly columns?: number;
  readonly input?: string;
}

export async function doctor(
  args: readonly string[],
  env: Env = {},
  { columns, input }: TerminalOptions = {},
): Promise<Output> {
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

export interface Report extends Output {
  /** id → status of each check. */
  readonly statuses: Readonly<Record<string, string>>;
  /** The ids of the checks that failed or warned. */
  readonly bad: readonly string[];
  readonly check: (id: string) => Check;
}

/** Runs the doctor with `--json` in English, and parses its report. */
export async function examine(
  args: readonly string[],
  env: Env = {},
  terminal: TerminalOptions = {},
): Promise<Report> {
  const output = await doctor([...args, '--json', '--lang', 'en'], env, terminal);
  const { checks } = JSON.parse(output.out) as { checks: Check[] };
  return {
    ...output,
    statuses: Object.fromEntries(checks.map(({ id, status }) => [id, status])),
    bad: checks.filter(({ status }) => status === 'failed' || status === 'warning').map(({ id }) => id),
    check: (id) => {
      const found = checks.find((each) => each.id === id);
      if (found) return found;
      throw new Error(`no check ${id} in ${output.out}`);
    },
  };
}

export function officialOf(emulator: Emulator): Env {
  return without(environmentOf(emulator), /^WECHAT_WEBSITE_/);
}

export function websiteOf(emulator: Emulator): Env {
  return without(environmentOf(emulator), /^WECHAT_APP_/);
}

/** The environment of an app whose clients post codes: the emulator's website app stands in for the mobile app. */
export function clientsOf({ url, apps }: Emulator): Env {
  return {
    WECHAT_OPEN_URL: url,
    WECHAT_API_URL: url,
    WECHAT_MINI_PROGRAM_APP_ID: apps.miniProgram.appId,
    WECHAT_MINI_PROGRAM_APP_SECRET: apps.miniProgram.appSecret,
    WECHAT_MOBILE_APP_ID: apps.website.appId,
    WECHAT_MOBILE_APP_SECRET: apps.website.appSecret,
  };
}

function without(env: Env, names: RegExp): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)));
}

/** A proxy in front of an app: it passes every request on, with these headers added. */
export function startProxy(
  target: string,
  headers: http.OutgoingHttpHeaders,
  change: (response: http.IncomingMessage) => void = () => undefined,
): Promise<Running> {
  return listen((req, res) => {
    const onward = http.request(
      new URL(req.url ?? '/', target),
      { method: req.method, headers: { ...req.headers, ...headers }, agent: false },
      (response) => {
        change(response);
        res.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(res);
      },
    );
    req.pipe(onward);
  });
}
