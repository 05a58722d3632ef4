// The programs of docs/emulator log in through the proxy, unmodified, in the languages of this machine.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createEmulator, keptCertificate, WECHAT_HOSTS, type Emulator } from '../../../lib/emulator';
import type { KeptCertificate } from '../../../lib/emulator';

const run = promisify(execFile);
const ROOT = path.resolve(__dirname, '../../..');

let folder: string;
let certificate: KeptCertificate;
let wechat: Emulator;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'emulator-languages-'));
  certificate = keptCertificate(path.join(folder, 'ca'), [...WECHAT_HOSTS, '127.0.0.1']);
  wechat = await createEmulator({ https: certificate, proxyPort: 0 });
});
afterAll(async () => {
  await wechat.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => wechat.reset());

/** Writes the first block of a page in this language into a file, and returns its path. */
function programOf(page: string, language: string, name: string): string {
  const text = readFileSync(path.join(ROOT, 'docs', page), 'utf8');
  const [, program = ''] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(text) ?? [];
  const file = path.join(folder, name);
  writeFileSync(file, program);
  return file;
}

/** The environment that the command prints for apps that only know WeChat's addresses. */
function proxyEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    EMULATOR: wechat.httpURL,
    HTTPS_PROXY: wechat.proxyURL ?? '',
    https_proxy: wechat.proxyURL ?? '',
    SSL_CERT_FILE: certificate.bundleFile,
  };
}

function isInstalled(command: string, flag = '--version'): boolean {
  return spawnSync(command, [flag]).status === 0;
}

interface Recipe {
  readonly page: string;
  readonly language: string;
  readonly file: string;
  readonly command: string;
  readonly flag?: string;
  readonly args: (file: string) => string[];
}

const RECIPES: readonly Recipe[] = [
  {
    page: 'php',
    language: 'php',
    file: 'login.php',
    command: 'php',
    args: (file) => [
      '-d',
      `curl.cainfo=${certificate.bundleFile}`,
      '-d',
      `openssl.cafile=${certificate.bundleFile}`,
      file,
    ],
  },
  { page: 'python', language: 'python', file: 'login.py', command: 'python3', args: (file) => [file] },
  {
    page: 'go',
    language: 'go',
    file: 'login.go',
    command: 'go',
    flag: 'version',
    args: (file) => ['run', file],
  },
  { page: 'ruby', language: 'ruby', file: 'login.rb', command: 'ruby', args: (file) => [file] },
  {
    page: 'java',
    language: 'java',
    file: 'Login.java',
    command: 'java',
    args: (file) => {
      const { hostname, port } = new URL(wechat.proxyURL ?? '');
      const store = path.join(folder, 'wechat.p12');
      rmSync(store, { force: true });
      const made = spawnSync('keytool', [
        ...['-importcert', '-noprompt', '-alias', 'wechat', '-file', certificate.caFile],
        ...['-keystore', store, '-storetype', 'PKCS12', '-storepass', 'changeit'],
      ]);
      expect([made.status, made.stdout.toString()]).toEqual([0, expect.any(String)]);
      return [
        `-Dhttps.proxyHost=${hostname}`,
        `-Dhttps.proxyPort=${port}`,
        `-Djavax.net.ssl.trustStore=${store}`,
        '-Djavax.net.ssl.trustStorePassword=changeit',
        '-Dfile.encoding=UTF-8',
        '-Dstdout.encoding=UTF-8',
        file,
      ];
    },
  },
];

describe.each(RECIPES)('$page', ({ page, language, file, command, flag, args }) => {
  const canRun = command === 'java' ? isInstalled('javac') : isInstalled(command, flag);
  const test = canRun ? it : it.skip;

  test.each(['emulator', 'zh-CN/emulator'])(
    'logs in through the proxy with the program of docs/%s',
    async (where) => {
      const program = programOf(`${where}/${page}.md`, language, file);
      const { stdout } = await run(command, args(program), { env: proxyEnvironment(), timeout: 60_000 });
      expect(stdout).toBe('小明\n');
      expect(wechat.requests.map(({ path: target, headers }) => `${headers['host'] ?? ''}${target}`)).toEqual(
        ['api.weixin.qq.com/sns/oauth2/access_token', 'api.weixin.qq.com/sns/userinfo'],
      );
    },
    70_000,
  );
});

describe('curl', () => {
  const test = isInstalled('curl') ? it : it.skip;

  test('reaches WeChat’s hosts through the proxy, and the emulator without it', async () => {
    const env = proxyEnvironment();
    const { stdout } = await run('curl', ['-sS', 'https://api.weixin.qq.com/sns/auth'], { env });
    expect(JSON.parse(stdout)).toMatchObject({ errcode: 41001 });
    const flags = ['-sS', '--proxy', wechat.proxyURL ?? '', '--cacert', certificate.caFile];
    const named = await run('curl', [...flags, 'https://open.weixin.qq.com/sns/auth'], {
      env: { PATH: env['PATH'] },
    });
    expect(JSON.parse(named.stdout)).toMatchObject({ errcode: 41001 });
  });

  test('refuses the emulator if it does not trust the authority', async () => {
    const env = { ...proxyEnvironment(), SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' };
    await expect(run('curl', ['-sS', 'https://api.weixin.qq.com/sns/auth'], { env })).rejects.toThrow(
      /certificate/,
    );
  });

  test.each(['emulator', 'zh-CN/emulator'])('runs the requests of docs/%s/control-api.md', async (where) => {
    const script = programOf(`${where}/control-api.md`, 'sh', 'control.sh');
    const { stdout } = await run('sh', ['-e', script], { env: proxyEnvironment() });
    const responses = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(responses.map((each) => Object.keys(each)[0])).toEqual([
      'ok',
      'switches',
      'id',
      'code',
      'now',
      undefined,
    ]);
  });
});

describe('node', () => {
  it.each(['emulator', 'zh-CN/emulator'])(
    'logs in by the address with the program of docs/%s',
    async (where) => {
      const program = programOf(`${where}/node.md`, 'js', 'login.mjs');
      const env = { PATH: process.env['PATH'], EMULATOR: wechat.httpURL, WECHAT_API_URL: wechat.httpURL };
      const { stdout } = await run(process.execPath, [program], { env });
      expect(stdout).toBe('小明\n');
    },
  );
});
