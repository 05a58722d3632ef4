import { parseArgs } from 'node:util';
import type { EmulatorApp } from '../emulator';
import { UsageError } from './terminal';

export const EMULATOR_HELP = `Usage: express-wechat-auth emulator [options]

Runs a WeChat of your own: login pages, QR code, APIs. Its home page shows apps, people and switches.

Options:
  --port <number>           port to listen on; 0 for any free one (default 8917)
  --host <address>          address to listen on; 0.0.0.0 to let phones in (default 127.0.0.1)
  --name <host>             a further host name to serve, such as wechat.test; may be given more than once
                            (localhost, IP addresses and WeChat's hosts are always served)
  --app <appid:secret>      an official account of your own, bound to the preset Open Platform account
  --website <appid:secret>  a website app of your own, bound to the same one
  --https                   serve over TLS with a new self-signed certificate
  --dangerously-allow-production
                            run although NODE_ENV is production: whoever reaches an emulator is whoever they say
  --help                    show this`;

export interface EmulatorFlags {
  readonly port: number;
  readonly host: string;
  /** Further host names to serve. */
  readonly names: readonly string[];
  readonly apps: readonly EmulatorApp[];
  readonly https: boolean;
  readonly allowProduction: boolean;
  readonly help: boolean;
}

const options = {
  port: { type: 'string', default: '8917' },
  host: { type: 'string', default: '127.0.0.1' },
  name: { type: 'string', multiple: true, default: [] as string[] },
  app: { type: 'string', multiple: true, default: [] as string[] },
  website: { type: 'string', multiple: true, default: [] as string[] },
  https: { type: 'boolean', default: false },
  'dangerously-allow-production': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const MAX_PORT = 65_535;

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw new UsageError(`--port is ${JSON.stringify(text)}; it must be a number from 0 to ${MAX_PORT}`);
}

function hostName(name: string): string {
  if (/^[\w.-]+$/.test(name)) return name;
  throw new UsageError(`--name is ${JSON.stringify(name)}; it must be a host name without scheme and port`);
}

// Emulated apps of one company, so that the same person has one unionid at both.
const OPEN_PLATFORM = 'example-company';

const appOf =
  (flag: string, type: EmulatorApp['type']) =>
  (text: string): EmulatorApp => {
    const [appId = '', appSecret = '', ...rest] = text.split(':');
    if (appId !== '' && appSecret !== '' && rest.length === 0)
      return { type, appId, appSecret, openPlatform: OPEN_PLATFORM };
    throw new UsageError(`${flag} is ${JSON.stringify(text)}; it must be appid:secret`);
  };

export function readEmulatorFlags(args: readonly string[]): EmulatorFlags {
  const values = parse(args);
  return {
    port: portOf(values.port),
    host: values.host,
    names: values.name.map(hostName),
    apps: [
      ...values.app.map(appOf('--app', 'official')),
      ...values.website.map(appOf('--website', 'website')),
    ],
    https: values.https,
    allowProduction: values['dangerously-allow-production'],
    help: values.help,
  };
}
