/** `express-wechat-auth emulator`: runs a local WeChat until it is stopped. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { createEmulator, selfSignedCertificate, type Emulator } from '../emulator';
import { bilingual, type Bilingual } from './bilingual';
import { EMULATOR_HELP, readEmulatorFlags, type EmulatorFlags } from './emulator-flags';
import { CommandError, UsageError, type Command } from './terminal';

export const emulatorCommand: Command = async (args, { env, out, stopped }, language) => {
  const flags = readEmulatorFlags(args);
  if (flags.help) {
    out(EMULATOR_HELP[language]);
    return 0;
  }
  if (env['NODE_ENV'] === 'production' && !flags.allowProduction) throw new UsageError(TEXTS.production);
  const certificate = flags.https ? createCertificate(flags) : undefined;
  try {
    const emulator = await start(flags, certificate);
    out(TEXTS.running(emulator.url)[language]);
    out(environmentFor(emulator, certificate).join('\n'));
    const addresses = phoneAddresses(emulator, flags.host);
    if (addresses.length > 0) out(TEXTS.phones(addresses.join(', '))[language]);
    out(TEXTS.howToStop[language]);
    await stopped;
    await emulator.close();
  } finally {
    certificate?.remove();
  }
  return 0;
};

/** The certificate is also in a file while the emulator runs, so that NODE_EXTRA_CA_CERTS can name it. */
interface Certificate {
  readonly https: { readonly key: string; readonly cert: string };
  readonly file: string;
  remove(): void;
}

function createCertificate({ host, names }: EmulatorFlags): Certificate {
  const hosts = [host, ...names].filter((each) => /^[\d.]+$|^[a-z][\w.-]*$/i.test(each));
  const https = selfSignedCertificate([...new Set(['localhost', '127.0.0.1', ...hosts])]);
  const folder = mkdtempSync(path.join(tmpdir(), 'wechat-emulator-'));
  const file = path.join(folder, 'certificate.pem');
  writeFileSync(file, https.cert);
  return { https, file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function start(flags: EmulatorFlags, certificate: Certificate | undefined): Promise<Emulator> {
  const { port, host, names, apps } = flags;
  try {
    return await createEmulator({
      port,
      host,
      names,
      apps,
      ...(certificate && { https: certificate.https }),
    });
  } catch (cause) {
    const reason = REASONS[(cause as NodeJS.ErrnoException).code ?? ''];
    throw reason ? new CommandError(reason(flags), { cause }) : cause;
  }
}

function environmentFor({ url, apps }: Emulator, certificate: Certificate | undefined): string[] {
  return [
    `WECHAT_OPEN_URL=${url}`,
    `WECHAT_API_URL=${url}`,
    `WECHAT_APP_ID=${apps.official.appId}`,
    `WECHAT_APP_SECRET=${apps.official.appSecret}`,
    `WECHAT_WEBSITE_APP_ID=${apps.website.appId}`,
    `WECHAT_WEBSITE_APP_SECRET=${apps.website.appSecret}`,
    ...(certificate ? [`NODE_EXTRA_CA_CERTS=${certificate.file}`] : []),
  ];
}

/**
 * The emulator's addresses in the local network: a phone cannot open a QR code that holds 127.0.0.1. Empty
 * unless the emulator listens on all addresses.
 */
function phoneAddresses({ url }: Emulator, host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [];
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => url.replace(/\/\/[^/]*(:\d+)$/, `//${address}$1`));
}

/** Keyed by the code of the error that `listen()` reports. */
const REASONS: Readonly<Record<string, (flags: EmulatorFlags) => Bilingual>> = {
  EADDRINUSE: ({ port }) =>
    bilingual(
      `Port ${port} is in use: choose another with --port, or 0 for any free one`,
      `端口 ${port} 已被占用：请用 --port 换一个，或用 0 表示任意空闲端口`,
    ),
  EACCES: ({ port }) =>
    bilingual(
      `You are not allowed to use port ${port}: choose one above 1023 with --port`,
      `没有权限使用端口 ${port}：请用 --port 选择 1023 以上的端口`,
    ),
  EADDRNOTAVAIL: notLocalAddress,
  ENOTFOUND: notLocalAddress,
};

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
  running: (url: string) =>
    bilingual(
      `A local WeChat: ${url}\n\nPut this into the environment of your app:\n`,
      `微信模拟器：${url}\n\n请将以下内容加入应用的环境变量：\n`,
    ),
  phones: (addresses: string) =>
    bilingual(
      `\nPhones in your network reach the emulator at ${addresses}. ` +
        'To log in from a phone, set WECHAT_OPEN_URL to that address.',
      `\n同一网络中的手机可通过 ${addresses} 访问。给手机用时，请把 WECHAT_OPEN_URL 设为该地址。`,
    ),
  howToStop: bilingual('\nPress Ctrl+C to stop it.', '\n按 Ctrl+C 停止。'),
};
