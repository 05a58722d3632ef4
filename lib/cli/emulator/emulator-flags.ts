import { readFileSync } from 'node:fs';
import { readEmulatorConfig, type EmulatorApp, type EmulatorConfig } from '../../emulator';
import { maskUserInfo } from '../../redact';
import { bilingual, type Bilingual } from '../bilingual';
import { checkLanguage, parseFlags } from '../flags';
import { CommandError, UsageError } from '../terminal';
import { EMULATOR_OPTIONS } from './emulator-help';

export interface EmulatorFlags {
  readonly port: number;
  readonly host: string;
  /** Host names to serve besides localhost, IP addresses and those of WeChat. */
  readonly names: readonly string[];
  readonly publicURL: string | undefined;
  /** The apps of `--app` and `--website`. */
  readonly apps: readonly EmulatorApp[];
  /** The content of the configuration; empty without one. */
  readonly config: EmulatorConfig;
  readonly https: boolean;
  /** The folder of the kept certificate authority; undefined for the one in the user's home. */
  readonly caDir: string | undefined;
  /** The developer's own certificate. */
  readonly certificate: { readonly key: string; readonly cert: string } | undefined;
  readonly proxyPort: number | undefined;
  readonly allowProduction: boolean;
}

type Values = ReturnType<typeof parseEmulatorFlags>;

/** @throws UsageError */
export function parseEmulatorFlags(args: readonly string[]) {
  return parseFlags(args, EMULATOR_OPTIONS);
}

/** @throws UsageError for a wrong flag, CommandError for a wrong configuration, certificate or key. */
export function readEmulatorFlags(
  values: Values,
  env: Readonly<Record<string, string | undefined>>,
): EmulatorFlags {
  checkLanguage(values.lang);
  const certificate = certificateOf(values.cert, values.key);
  const proxyPort =
    values['proxy-port'] === undefined ? undefined : portOf('--proxy-port', values['proxy-port']);
  const caDir = values['ca-dir'];
  return {
    port: portOf('--port', values.port),
    host: values.host,
    names: values.name.map(hostName),
    publicURL: values['public-url'] === undefined ? undefined : publicURL(values['public-url']),
    apps: [
      ...values.app.map((text) => appOf('--app', 'official', text)),
      ...values.website.map((text) => appOf('--website', 'website', text)),
    ],
    config: configOf(values.config ?? env['WECHAT_EMULATOR_CONFIG']),
    // Each of these flags makes no sense without TLS.
    https: values.https || certificate !== undefined || caDir !== undefined || proxyPort !== undefined,
    caDir,
    certificate,
    proxyPort,
    allowProduction: values['dangerously-allow-production'],
  };
}

const MAX_PORT = 65_535;

function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw new UsageError(TEXTS.port(flag, text));
}

function hostName(name: string): string {
  if (/^[\w.-]+$/.test(name)) return name;
  throw new UsageError(TEXTS.name(name));
}

function publicURL(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new UsageError(TEXTS.publicURL(text));
}

/** The emulated apps belong to one company: a person has the same unionid in all of them. */
const OPEN_PLATFORM = 'example-company';

function appOf(flag: string, type: EmulatorApp['type'], text: string): EmulatorApp {
  const [appId = '', appSecret = '', ...rest] = text.split(':');
  if (appId !== '' && appSecret !== '' && rest.length === 0)
    return { type, appId, appSecret, openPlatform: OPEN_PLATFORM };
  throw new UsageError(TEXTS.app(flag));
}

function configOf(pathOrJSON: string | undefined): EmulatorConfig {
  if (pathOrJSON === undefined || pathOrJSON === '') return {};
  try {
    return readEmulatorConfig(pathOrJSON);
  } catch (cause) {
    const { message } = cause as Error;
    throw new CommandError(TEXTS.config(message), { cause });
  }
}

function certificateOf(cert: string | undefined, key: string | undefined): EmulatorFlags['certificate'] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError(TEXTS.certAndKey);
  return { cert: readPEM('--cert', cert, 'CERTIFICATE'), key: readPEM('--key', key, 'PRIVATE KEY') };
}

function readPEM(flag: string, file: string, label: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (file.includes('-----')) throw new UsageError(TEXTS.notAFile(flag));
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new CommandError(TEXTS.unreadable(flag, file, code), { cause });
  }
  if (text.includes(`${label}-----`)) return text;
  throw new CommandError(label === 'CERTIFICATE' ? TEXTS.noCertificate(flag, file) : TEXTS.noKey(flag, file));
}

const TEXTS = {
  port: (flag: string, text: string) =>
    bilingual(
      `${flag} is ${JSON.stringify(text)}; it must be a number from 0 to ${MAX_PORT}`,
      `${flag} 的值是 ${JSON.stringify(text)}；应为 0 到 ${MAX_PORT} 的数字`,
    ),
  name: (text: string) =>
    bilingual(
      `--name is ${JSON.stringify(text)}; it must be a host name without scheme and port`,
      `--name 的值是 ${JSON.stringify(text)}；应为不含协议与端口的主机名`,
    ),
  publicURL: (text: string) => {
    const shown = maskUserInfo(JSON.stringify(text));
    return bilingual(
      `--public-url is ${shown}; it must be an http: or https: address without a path`,
      `--public-url 的值是 ${shown}；应为不含路径的 http: 或 https: 地址`,
    );
  },
  // Without the value, which may hold the secret.
  app: (flag: string) =>
    bilingual(`${flag} is not of the form appid:secret`, `${flag} 的格式应为 appid:secret`),
  config: (message: string) => bilingual(`Configuration: ${message}`, `配置：${message}`),
  certAndKey: bilingual('--cert and --key belong together: give both', '--cert 与 --key 必须同时给出'),
  unreadable: (flag: string, file: string, code: string): Bilingual =>
    bilingual(`${flag}: ${file} cannot be read (${code})`, `${flag}：无法读取 ${file}（${code}）`),
  notAFile: (flag: string): Bilingual =>
    bilingual(
      `${flag} is the text of a PEM file; it must be the path of the file`,
      `${flag} 的值是 PEM 文件的内容；应为该文件的路径`,
    ),
  noCertificate: (flag: string, file: string): Bilingual =>
    bilingual(
      `${flag}: ${file} holds no certificate in PEM format`,
      `${flag}：${file} 中没有 PEM 格式的证书`,
    ),
  noKey: (flag: string, file: string): Bilingual =>
    bilingual(
      `${flag}: ${file} holds no private key in PEM format`,
      `${flag}：${file} 中没有 PEM 格式的私钥`,
    ),
};
