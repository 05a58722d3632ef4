/** `express-wechat-auth emulator`: runs a local WeChat until it is stopped. */
import { randomBytes } from 'node:crypto';
import { networkInterfaces, homedir } from 'node:os';
import path from 'node:path';
import {
  createEmulator,
  keptCertificate,
  WECHAT_HOSTS,
  type Emulator,
  type EmulatorOptions,
} from '../../emulator';
import { bilingual, type Bilingual } from '../bilingual';
import { CommandError, UsageError, type Command, type Terminal } from '../terminal';
import { parseEmulatorFlags, readEmulatorFlags, type EmulatorFlags } from './emulator-flags';
import { EMULATOR_HELP } from './emulator-help';

export const emulatorCommand: Command = async (args, terminal, language) => {
  const { env, out, stopped } = terminal;
  const values = parseEmulatorFlags(args);
  // Before any value is checked: whoever asks for help may have a wrong one.
  if (values.help) {
    out(EMULATOR_HELP[language]);
    return 0;
  }
  const flags = readEmulatorFlags(values, env);
  if (env['NODE_ENV'] === 'production' && !flags.allowProduction) throw new UsageError(TEXTS.production);
  const certificate = flags.https ? certificateFor(flags, env) : undefined;
  const emulator = await start(flags, certificate, terminal);
  out(TEXTS.running(addressesOf(emulator).join('  '))[language]);
  out(environmentFor(emulator).join('\n'));
  if (emulator.proxyURL !== undefined) out(TEXTS.proxy(proxyEnvironment(emulator, certificate))[language]);
  if (certificate?.caFile !== undefined) out(TEXTS.trustInNode(certificate.caFile)[language]);
  if (certificate?.folder !== undefined) out(TEXTS.authority(certificate.folder)[language]);
  const phones = phoneAddresses(emulator, flags);
  if (phones.length > 0) out(TEXTS.phones(phones.join(', '))[language]);
  out(TEXTS.howToStop[language]);
  await stopped;
  await emulator.close();
  return 0;
};

interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** The folder of the kept authority, and its files; undefined for the developer's own certificate. */
  readonly folder?: string;
  readonly caFile?: string;
  readonly bundleFile?: string;
}

type Environment = Terminal['env'];

function certificateFor(flags: EmulatorFlags, env: Environment): Certificate {
  if (flags.certificate) return flags.certificate;
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir();
  const folder = path.resolve(flags.caDir ?? path.join(home, '.express-wechat-auth', 'emulator-ca'));
  try {
    return { ...keptCertificate(folder, certificateHosts(flags)), folder };
  } catch (cause) {
    throw new CommandError(TEXTS.noAuthority(folder, (cause as Error).message), { cause });
  }
}

/** Every name and address under which clients may reach the emulator. */
function certificateHosts({ host, names, publicURL }: EmulatorFlags): string[] {
  const publicHost = publicURL === undefined ? [] : [new URL(publicURL).hostname];
  const own = ['localhost', '127.0.0.1', '::1', ...(isWildcard(host) ? networkAddresses() : [host])];
  return [...new Set([...WECHAT_HOSTS, ...own, ...names, ...publicHost])];
}

async function start(
  flags: EmulatorFlags,
  certificate: Certificate | undefined,
  { err }: Terminal,
): Promise<Emulator> {
  const { port, host, names, publicURL, proxyPort, config } = flags;
  const options: EmulatorOptions = {
    port,
    host,
    names,
    ...(publicURL !== undefined && { publicURL }),
    apps: [...flags.apps, ...(config.apps ?? [])],
    ...(config.users && { users: config.users }),
    ...(config.switches && { switches: config.switches }),
    ...(certificate && { https: { key: certificate.key, cert: certificate.cert } }),
    ...(proxyPort !== undefined && { proxyPort }),
    log: err,
  };
  try {
    return await createEmulator(options);
  } catch (cause) {
    const { code = '', port: taken } = cause as NodeJS.ErrnoException & { readonly port?: number };
    const reason = REASONS[code];
    throw reason ? new CommandError(reason(flags, taken ?? port), { cause }) : cause;
  }
}

function addressesOf({ url, httpURL }: Emulator): string[] {
  return [...new Set([url, httpURL])];
}

function environmentFor({ endpoints, apps }: Emulator): string[] {
  return [
    `WECHAT_OPEN_URL=${endpoints.open}`,
    `WECHAT_API_URL=${endpoints.api}`,
    `WECHAT_APP_ID=${apps.official.appId}`,
    `WECHAT_APP_SECRET=${apps.official.appSecret}`,
    `WECHAT_WEBSITE_APP_ID=${apps.website.appId}`,
    `WECHAT_WEBSITE_APP_SECRET=${apps.website.appSecret}`,
    // Random, because apps would copy a fixed key into production, and attackers know it from this package.
    `SESSION_KEY=${randomBytes(32).toString('base64url')}`,
  ];
}

function proxyEnvironment({ proxyURL = '' }: Emulator, certificate: Certificate | undefined): string {
  const bundle = certificate?.bundleFile;
  return [`HTTPS_PROXY=${proxyURL}`, ...(bundle === undefined ? [] : [`SSL_CERT_FILE=${bundle}`])].join('\n');
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function networkAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

/**
 * The emulator's addresses in the local network: a phone cannot open a QR code that holds 127.0.0.1. There
 * are none if the emulator does not listen on all addresses, or has a public address.
 */
function phoneAddresses({ url }: Emulator, { host, publicURL }: EmulatorFlags): string[] {
  if (!isWildcard(host) || publicURL !== undefined) return [];
  return networkAddresses().map((address) => url.replace(/\/\/[^/]*(:\d+)$/, `//${address}$1`));
}

/** Keyed by the code of the error that `listen()` reports. */
const REASONS: Readonly<Record<string, (flags: EmulatorFlags, port: number) => Bilingual>> = {
  EADDRINUSE: (flags, port) => {
    const flag = flagOf(port, flags);
    return bilingual(
      `Port ${port} is in use: choose another with ${flag}, or 0 for any free one`,
      `端口 ${port} 已被占用：请用 ${flag} 换一个，或用 0 表示任意空闲端口`,
    );
  },
  EACCES: (flags, port) => {
    const flag = flagOf(port, flags);
    return bilingual(
      `You are not allowed to use port ${port}: choose one above 1023 with ${flag}`,
      `没有权限使用端口 ${port}：请用 ${flag} 选择 1023 以上的端口`,
    );
  },
  EADDRNOTAVAIL: notLocalAddress,
  ENOTFOUND: notLocalAddress,
};

function flagOf(port: number, { proxyPort }: EmulatorFlags): string {
  return port === proxyPort ? '--proxy-port' : '--port';
}

function notLocalAddress({ host }: EmulatorFlags): Bilingual {
  return bilingual(
    `${host} is not an address of this machine: see --host`,
    `${host} 不是本机的地址：见 --host`,
  );
}

const TEXTS = {
  production: bilingual(
    'NODE_ENV is production, and an emulator logs anybody in as anybody; --dangerously-allow-production overrides this',
    'NODE_ENV 为 production，而模拟器会让任何人以任何身份登录；--dangerously-allow-production 可强制运行',
  ),
  running: (urls: string) =>
    bilingual(
      `A local WeChat: ${urls}\n\nPut this into the .env file of your app:\n`,
      `微信模拟器：${urls}\n\n请将以下内容写入应用的 .env 文件：\n`,
    ),
  proxy: (environment: string) =>
    bilingual(
      `\nAn app that only knows WeChat's own addresses needs this instead:\n\n${environment}`,
      `\n只能使用微信官方地址的应用改用：\n\n${environment}`,
    ),
  // Node reads the variable before it loads any .env file.
  trustInNode: (file: string) =>
    bilingual(
      `\nNode trusts the certificate if this is set in the shell that starts the app; in .env it has no effect:\n\n` +
        `NODE_EXTRA_CA_CERTS=${file}`,
      `\nNode 应用还要在启动它的 shell 中设置下面的变量才会信任证书，写在 .env 中无效：\n\n` +
        `NODE_EXTRA_CA_CERTS=${file}`,
    ),
  authority: (folder: string) =>
    bilingual(
      `\nThe certificate authority is kept in ${folder}: trust ca.pem there. Never trust it in production.`,
      `\n证书颁发机构保存在 ${folder}：信任其中的 ca.pem 即可，切勿在生产环境信任它。`,
    ),
  noAuthority: (folder: string, reason: string) =>
    bilingual(
      `The certificate authority cannot be kept in ${folder}: ${reason}. Choose another folder with --ca-dir`,
      `无法在 ${folder} 保存证书颁发机构：${reason}。请用 --ca-dir 换一个文件夹`,
    ),
  phones: (addresses: string) =>
    bilingual(
      `\nPhones in your network reach the emulator at ${addresses}. ` +
        'To log in from a phone, set WECHAT_OPEN_URL to the address that the phone can open.',
      `\n同一网络中的手机可通过 ${addresses} 访问。给手机用时，请把 WECHAT_OPEN_URL 设为该地址。`,
    ),
  howToStop: bilingual('\nPress Ctrl+C to stop it.', '\n按 Ctrl+C 停止。'),
};
