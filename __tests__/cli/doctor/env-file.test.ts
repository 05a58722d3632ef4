import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import util from 'node:util';
import { environmentOf, emulator, useEmulator } from '../../support/emulator';
import { doctor, examine, type Env } from './run-doctor';

useEmulator();

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'doctor-'))));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => jest.restoreAllMocks());

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const lines = (env: Env): string[] => Object.entries(env).map(([name, value]) => `${name}=${value}`);

describe('doctor --env-file', () => {
  it('checks the configuration that an app reads from the file', async () => {
    const { exit, bad, statuses } = await examine([
      '--env-file',
      write('.env', `# the app\n${lines(environmentOf(emulator)).join('\n')}\n`),
    ]);
    expect({ exit, bad }).toEqual({ exit: 0, bad: [] });
    expect(statuses).toMatchObject({ 'app-id': 'ok', credentials: 'ok', 'website-credentials': 'ok' });
    expect(statuses).not.toHaveProperty('secret-in-flag');
  });

  it('reads quotes, `export`, a byte order mark and the line ends of Windows as Node does', async () => {
    const text = lines(environmentOf(emulator)).map((line) => `export ${line.replace(/=(.*)/, '="$1"')}`);
    const { exit, bad } = await examine(['--env-file', write('windows.env', `\ufeff${text.join('\r\n')}`)]);
    expect({ exit, bad }).toEqual({ exit: 0, bad: [] });
  });

  it('is overridden by flags and environment, and an earlier file by a later one', async () => {
    const first = write(
      'first.env',
      'WECHAT_APP_ID=wx0000000000000001\nWECHAT_BASE_URL=https://first.example.com',
    );
    const second = write('second.env', 'WECHAT_BASE_URL=https://second.example.com\nWECHAT_APP_SECRET=short');
    const files = ['--env-file', first, '--env-file', second];
    const { check } = await examine([...files, '--app-secret', emulator.apps.official.appSecret], {
      WECHAT_APP_ID: emulator.apps.official.appId,
      WECHAT_OPEN_URL: emulator.url,
      WECHAT_API_URL: emulator.url,
    });
    expect(check('app-id').detail).toBe(emulator.apps.official.appId);
    expect(check('app-secret').status).toBe('ok');
    expect(check('base-url').detail).toBe('https://second.example.com');
  });

  it('reads NODE_ENV from the file, too: an emulator fails in production', async () => {
    const file = write('production.env', 'NODE_ENV=production');
    const { check } = await examine(['--env-file', file], environmentOf(emulator));
    expect(check('api-reachable').status).toBe('failed');
  });

  it.each([
    ['no-such-file', /^express-wechat-auth: --env-file is ".*no-such-file", which cannot be read \(ENOENT\)/],
    ['.', /which cannot be read \(EISDIR\)/],
  ])('reports that it cannot read %s', async (name, message) => {
    const { exit, out, err } = await doctor(['--env-file', path.join(folder, name)]);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(err).toMatch(message);
  });

  it('reports that an older Node cannot read the file', async () => {
    const { parseEnv } = util;
    Object.assign(util, { parseEnv: undefined });
    const { exit, err } = await doctor(['--env-file', write('.env', '')]);
    Object.assign(util, { parseEnv });
    expect(exit).toBe(2);
    expect(err).toContain(`--env-file needs Node 20.12 or later, and this is ${process.version}`);
  });

  it.each([
    ['en', [], /→ .*name it: --env-file \.env\./],
    ['zh', [], /→ .*--env-file \.env。/],
    ['en', ['--url', 'http://127.0.0.1:1'], /– Official account: AppID .*--env-file \.env/],
  ])('is recommended if no app is given (%s)', async (lang, args, words) => {
    const env = { WECHAT_OPEN_URL: emulator.url, WECHAT_API_URL: emulator.url };
    const { out } = await doctor([...args, '--lang', lang], env);
    expect(out.replace(/\n +/g, lang === 'en' ? ' ' : '')).toMatch(words);
  });
});
