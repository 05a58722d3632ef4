// The programs of docs/emulator log in through the proxy, unmodified, in the languages of this machine.
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createEmulator, keptCertificate, WECHAT_HOSTS, type Emulator } from '../../../lib/emulator';
import type { KeptCertificate } from '../../../lib/emulator';
import { blocksIn } from '../../docs/blocks';
import { ROOT } from '../../docs/pages';

const run = promisify(execFile);

let folder: string;
let certificate: KeptCertificate;
let wechat: Emulator;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'emulator-languages-'));
  const authority = path.join(folder, '.express-wechat-auth/emulator-ca');
  certificate = keptCertificate(authority, [...WECHAT_HOSTS, '127.0.0.1']);
  wechat = await createEmulator({ https: certificate, proxyPort: 0 });
});
afterAll(async () => {
  await wechat.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => wechat.reset());

/** Writes the first block of a page in this language into a file, and returns its path. */
function programOf(page: string, language: string, name: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, blocksIn(page, language)[0] ?? '');
  return file;
}

/** The text of a page with the addresses of this emulator, whose ports are free ones. */
function here(text: string): string {
  return text
    .replaceAll('http://127.0.0.1:8917', wechat.httpURL)
    .replaceAll('http://127.0.0.1:8918', wechat.proxyURL ?? '')
    .replaceAll('proxyPort=8918', `proxyPort=${new URL(wechat.proxyURL ?? '').port}`);
}

/**
 * Runs lines for a shell as a page prints them, where the emulator keeps its authority in the user's home.
 */
async function runLines(lines: string): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: folder, LC_ALL: 'C.UTF-8' };
  const { stdout } = await run('sh', ['-e', '-c', here(lines)], { cwd: folder, env, timeout: 60_000 });
  return stdout;
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
}

const RECIPES: readonly Recipe[] = [
  { page: 'php', language: 'php', file: 'login.php', command: 'php' },
  { page: 'python', language: 'python', file: 'login.py', command: 'python3' },
  { page: 'go', language: 'go', file: 'login.go', command: 'go', flag: 'version' },
  { page: 'ruby', language: 'ruby', file: 'login.rb', command: 'ruby' },
  { page: 'java', language: 'java', file: 'Login.java', command: 'javac' },
];

describe.each(RECIPES)('$page', ({ page, language, file, command, flag }) => {
  const test = isInstalled(command, flag) ? it : it.skip;

  test.each(['emulator', 'zh-CN/emulator'])(
    'logs in through the proxy with the program of docs/%s, run as its page says',
    async (where) => {
      programOf(`docs/${where}/${page}.md`, language, file);
      // keytool refuses to import a certificate that the store already has.
      rmSync(path.join(folder, 'wechat.p12'), { force: true });
      const output = await runLines(blocksIn(`docs/${where}/${page}.md`, 'sh').at(-1) ?? '');
      expect(output).toBe('小明\n');
      expect(wechat.requests.map(({ path: target, headers }) => `${headers['host'] ?? ''}${target}`)).toEqual(
        ['api.weixin.qq.com/sns/oauth2/access_token', 'api.weixin.qq.com/sns/userinfo'],
      );
    },
    70_000,
  );
});

describe('curl', () => {
  const test = isInstalled('curl') ? it : it.skip;

  test('reaches WeChat’s hosts through the proxy, named by the environment or by flags', async () => {
    const env = proxyEnvironment();
    const { stdout } = await run('curl', ['-sS', 'https://api.weixin.qq.com/sns/auth'], { env });
    expect(JSON.parse(stdout)).toMatchObject({ errcode: 41001 });
    const flags = ['-sS', '--proxy', wechat.proxyURL ?? '', '--cacert', certificate.caFile];
    const named = await run('curl', [...flags, 'https://open.weixin.qq.com/sns/auth'], {
      env: { PATH: env['PATH'] },
    });
    expect(JSON.parse(named.stdout)).toMatchObject({ errcode: 41001 });
  });

  test.each(['emulator', 'zh-CN/emulator'])(
    'reaches the emulator as docs/%s/standing-in.md says',
    async (where) => {
      const [, line = ''] = (blocksIn(`docs/${where}/standing-in.md`, 'sh')[0] ?? '').split('\n');
      expect(line).toMatch(/^curl /);
      expect(JSON.parse(await runLines(`${line} -sS`))).toMatchObject({ errcode: 41001 });
    },
  );

  test('refuses the emulator if it does not trust the authority', async () => {
    const env = { ...proxyEnvironment(), SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' };
    await expect(run('curl', ['-sS', 'https://api.weixin.qq.com/sns/auth'], { env })).rejects.toThrow(
      /certificate/,
    );
  });

  test.each(['emulator', 'zh-CN/emulator'])('runs the requests of docs/%s/control-api.md', async (where) => {
    const script = programOf(`docs/${where}/control-api.md`, 'sh', 'control.sh');
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
    'logs in by the address with the program of docs/%s, run as its page says',
    async (where) => {
      programOf(`docs/${where}/node.md`, 'js', 'login.mjs');
      writeFileSync(path.join(folder, '.env'), here(blocksIn(`docs/${where}/node.md`, 'ini')[0] ?? ''));
      expect(await runLines(blocksIn(`docs/${where}/node.md`, 'sh').at(-1) ?? '')).toBe('小明\n');
    },
  );

  it.each(
    ['guides', 'zh-CN/guides'].flatMap((where) => [
      [`${where}/from-wechat-oauth.md`, '/callback', '.nickname'],
      [`${where}/from-passport-wechat.md`, '/auth/wechat/callback', '.name'],
    ]),
  )(
    'logs in through the proxy with the old app of docs/%s, as the page says',
    async (page, callback, name) => {
      // The page uses proxy-agent 5. Here, another package for the same purpose takes its place.
      const agent = path.join(folder, 'modules/proxy-agent/index.js');
      mkdirSync(path.dirname(agent), { recursive: true });
      const replacement = require.resolve('https-proxy-agent');
      writeFileSync(agent, `module.exports = require('${replacement}').HttpsProxyAgent;`);
      const before = programOf(`docs/${page}`, 'js', 'before.js');
      // The accounts of the app with passport-wechat.
      writeFileSync(
        path.join(path.dirname(before), 'accounts.js'),
        'exports.findOrCreate = async ({ nickname }) => ({ name: nickname });',
      );
      const app = wechat.apps.official;
      const code = wechat.issueCode({ app: app.appId, scope: 'snsapi_userinfo' });
      writeFileSync(
        before,
        readFileSync(before, 'utf8').replace(
          'app.listen(3000);',
          `app.listen(0, async function () {
          const site = 'http://localhost:' + this.address().port;
          const done = await fetch(site + '${callback}?code=${code}&state=STATE', { redirect: 'manual' });
          const headers = { Cookie: done.headers.get('set-cookie')?.split(';')[0] ?? '' };
          const page = done.status === 302 ? await fetch(site + done.headers.get('location'), { headers }) : done;
          console.log((await page.json())${name});
          process.exit();
        });`,
        ),
      );
      const lines = blocksIn(`docs/${page}`, 'sh').find((block) => block.includes('URLLIB')) ?? '';
      const setUp = [
        `export NODE_PATH=${path.join(ROOT, 'node_modules')}:${path.join(folder, 'modules')}`,
        `export WECHAT_APP_ID=${app.appId} WECHAT_APP_SECRET=${app.appSecret} SESSION_KEY=key`,
      ];
      const withoutInstall = lines.replace(/^npm install .*\n/m, '');
      expect(await runLines([...setUp, withoutInstall].join('\n'))).toBe('小明\n');
    },
  );
});
