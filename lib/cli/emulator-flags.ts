import type { EmulatorApp } from '../emulator';
import { bilingual, type Bilingual } from './bilingual';
import { checkLanguage, parseFlags } from './flags';
import { UsageError } from './terminal';

export interface EmulatorFlags {
  readonly port: number;
  readonly host: string;
  /** Host names to serve besides localhost, IP addresses and those of WeChat. */
  readonly names: readonly string[];
  readonly apps: readonly EmulatorApp[];
  readonly https: boolean;
  readonly allowProduction: boolean;
  readonly help: boolean;
}

const OPTIONS = {
  port: { type: 'string', default: '8917' },
  host: { type: 'string', default: '127.0.0.1' },
  name: { type: 'string', multiple: true, default: [] as string[] },
  app: { type: 'string', multiple: true, default: [] as string[] },
  website: { type: 'string', multiple: true, default: [] as string[] },
  https: { type: 'boolean', default: false },
  'dangerously-allow-production': { type: 'boolean', default: false },
  lang: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws UsageError */
export function readEmulatorFlags(args: readonly string[]): EmulatorFlags {
  const values = parseFlags(args, OPTIONS);
  checkLanguage(values.lang);
  return {
    port: portOf(values.port),
    host: values.host,
    names: values.name.map(hostName),
    apps: [
      ...values.app.map((text) => appOf('--app', 'official', text)),
      ...values.website.map((text) => appOf('--website', 'website', text)),
    ],
    https: values.https,
    allowProduction: values['dangerously-allow-production'],
    help: values.help,
  };
}

const MAX_PORT = 65_535;

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw new UsageError(TEXTS.port(text));
}

function hostName(name: string): string {
  if (/^[\w.-]+$/.test(name)) return name;
  throw new UsageError(TEXTS.name(name));
}

/** The emulated apps belong to one company: a person has the same unionid in all of them. */
const OPEN_PLATFORM = 'example-company';

function appOf(flag: string, type: EmulatorApp['type'], text: string): EmulatorApp {
  const [appId = '', appSecret = '', ...rest] = text.split(':');
  if (appId !== '' && appSecret !== '' && rest.length === 0)
    return { type, appId, appSecret, openPlatform: OPEN_PLATFORM };
  throw new UsageError(TEXTS.app(flag, text));
}

export const EMULATOR_HELP: Bilingual = bilingual(
  `Usage: express-wechat-auth emulator [options]

Runs a local WeChat: login pages, QR code, APIs. Its home page lists the apps and the users, and has switches that
change its behaviour.

Options:
  --port <number>           port to listen on; 0 for any free one (default 8917)
  --host <address>          address to listen on; 0.0.0.0 so that phones can reach it (default 127.0.0.1)
  --name <host>             serve this host name as well, such as wechat.test; may be repeated
                            (localhost, IP addresses and WeChat's hosts are always served)
  --app <appid:secret>      add an official account, bound to the preset Open Platform account
  --website <appid:secret>  add a website app, bound to the same Open Platform account
  --https                   serve over TLS with a new self-signed certificate
  --dangerously-allow-production
                            run although NODE_ENV is production: an emulator logs anybody in as anybody
  --lang <zh|en>            language (default by LC_ALL, LC_MESSAGES, LANG)
  --help                    print this help`,
  `用法：express-wechat-auth emulator [选项]

在本机运行微信模拟器：登录页、二维码、API。首页列出应用、用户与各种开关。

选项：
  --port <number>           监听的端口；0 表示任意空闲端口（默认 8917）
  --host <address>          监听的地址；0.0.0.0 可让手机访问（默认 127.0.0.1）
  --name <host>             也接受发往该主机名的请求，如 wechat.test；可重复给出
                            （localhost、IP 地址与微信的域名始终可用）
  --app <appid:secret>      添加一个服务号，绑定到预设的开放平台账号
  --website <appid:secret>  添加一个网站应用，绑定到同一个开放平台账号
  --https                   使用新生成的自签名证书，以 https 运行
  --dangerously-allow-production
                            即使 NODE_ENV 为 production 也运行：模拟器会让任何人以任何身份登录
  --lang <zh|en>            语言（默认取自 LC_ALL、LC_MESSAGES、LANG）
  --help                    显示本帮助`,
);

const TEXTS = {
  port: (text: string) =>
    bilingual(
      `--port is ${JSON.stringify(text)}; it must be a number from 0 to ${MAX_PORT}`,
      `--port 的值是 ${JSON.stringify(text)}；应为 0 到 ${MAX_PORT} 的数字`,
    ),
  name: (text: string) =>
    bilingual(
      `--name is ${JSON.stringify(text)}; it must be a host name without scheme and port`,
      `--name 的值是 ${JSON.stringify(text)}；应为不含协议与端口的主机名`,
    ),
  app: (flag: string, text: string) =>
    bilingual(
      `${flag} is ${JSON.stringify(text)}; it must be appid:secret`,
      `${flag} 的值是 ${JSON.stringify(text)}；格式应为 appid:secret`,
    ),
};
