import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { createEmulator, selfSignedCertificate, type Emulator } from '../emulator';
import { EMULATOR_HELP, readEmulatorFlags, type EmulatorFlags } from './emulator-flags';
import { UsageError, type Command } from './terminal';

/** The certificate lies in a file of its own, for NODE_EXTRA_CA_CERTS, for as long as the emulator runs. */
interface Certificate {
  readonly https: { readonly key: string; readonly cert: string };
  readonly file: string;
  remove(): void;
}

function certify({ host, names }: EmulatorFlags): Certificate {
  const hosts = [host, ...names].filter((each) => /^[\d.]+$|^[a-z][\w.-]*$/i.test(each));
  const https = selfSignedCertificate([...new Set(['localhost', '127.0.0.1', ...hosts])]);
  const folder = mkdtempSync(path.join(tmpdir(), 'wechat-emulator-'));
  const file = path.join(folder, 'certificate.pem');
  writeFileSync(file, https.cert);
  return { https, file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const reasons: Readonly<Record<string, (flags: EmulatorFlags) => string>> = {
  EADDRINUSE: ({ port }) => `Port ${port} is in use: choose another with --port, or 0 for any free one`,
  EACCES: ({ port }) => `Port ${port} may not be used by you: choose one above 1023 with --port`,
  EADDRNOTAVAIL: ({ host }) => `${host} is no address of this machine: see --host`,
  ENOTFOUND: ({ host }) => `${host} is no address of this machine: see --host`,
};

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
  } catch (error) {
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
    throw reason ? new Error(reason(flags), { cause: error }) : error;
  }
}

const environment = ({ url, apps }: Emulator, certificate: Certificate | undefined): string[] => [
  `WECHAT_OPEN_URL=${url}`,
  `WECHAT_API_URL=${url}`,
  `WECHAT_APP_ID=${apps.official.appId}`,
  `WECHAT_APP_SECRET=${apps.official.appSecret}`,
  `WECHAT_WEBSITE_APP_ID=${apps.website.appId}`,
  `WECHAT_WEBSITE_APP_SECRET=${apps.website.appSecret}`,
  ...(certificate ? [`NODE_EXTRA_CA_CERTS=${certificate.file}`] : []),
];

/** A QR code that a phone scans must name an address that the phone can reach. */
function elsewhere({ url }: Emulator, host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [];
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => url.replace(/\/\/[^/]*(:\d+)$/, `//${address}$1`));
  if (addresses.length === 0) return [];
  return [
    `\nPhones in your network reach it at ${addresses.join(', ')}: for them, set WECHAT_OPEN_URL to that.`,
  ];
}

/** `express-wechat-auth emulator`: runs until it is stopped. */
export const emulatorCommand: Command = async (args, { env, out, stopped }) => {
  const flags = readEmulatorFlags(args);
  if (flags.help) {
    out(EMULATOR_HELP);
    return 0;
  }
  if (env['NODE_ENV'] === 'production' && !flags.allowProduction) {
    throw new UsageError(
      'NODE_ENV is production, where anybody could log in as anybody; --dangerously-allow-production overrides this',
    );
  }
  const certificate = flags.https ? certify(flags) : undefined;
  try {
    const emulator = await start(flags, certificate);
    out(`A WeChat of your own: ${emulator.url}\n\nFor the environment of your app:\n`);
    out(environment(emulator, certificate).join('\n'));
    for (const line of elsewhere(emulator, flags.host)) out(line);
    out('\nCtrl+C ends it.');
    await stopped;
    await emulator.close();
  } finally {
    certificate?.remove();
  }
  return 0;
};
