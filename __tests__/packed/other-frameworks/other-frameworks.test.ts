// The packed package on Koa, Fastify, polka, with iron-session and Socket.IO, on Bun and Deno, in bundles,
// and as pnpm and Yarn PnP install it: each logs in and out. These packages are installed from npm's
// registry, into a temporary folder and without their install scripts. Without the registry, the tests are
// skipped.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Browser } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { Tarball } from '../tarball';
import { ANY_PORT, APPS, BUNDLERS, EXPRESS, MEASURED, METRICS, PACKAGES, SOCKET_CLIENT } from './apps';

jest.setTimeout(240_000);
const folder = mkdtempSync(path.join(os.tmpdir(), 'frameworks-'));
const tarball = new Tarball();
const { PATH = '' } = process.env;
/** The environment variables by which package managers reach the registry on this machine. */
const REACHING =
  /^(?:yarn_npm_registry|yarn_unsafe|npm_config_(?:registry|cafile)|node_extra_ca_certs|https?_proxy)/i;
const ENV = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => REACHING.test(name))),
  PATH,
  HOME: folder,
};

function inFolder(command: string, args: readonly string[], cwd = folder): void {
  execFileSync(command, args, { cwd, env: ENV, encoding: 'utf8', stdio: 'pipe', timeout: 180_000 });
}

function writeProject(at: string, dependencies: Readonly<Record<string, string>>): void {
  mkdirSync(at, { recursive: true });
  const file = path.basename(tarball.packed.filename);
  cpSync(tarball.file, path.join(at, file));
  const all = { ...dependencies, [tarball.manifest.name]: `file:./${file}` };
  writeFileSync(
    path.join(at, 'package.json'),
    JSON.stringify({ private: true, type: 'commonjs', dependencies: all }),
  );
  writeFileSync(path.join(at, 'express.js'), EXPRESS);
}

function install(): boolean {
  writeProject(folder, PACKAGES);
  try {
    inFolder('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']);
    return true;
  } catch {
    // Also in CI: unlike Redis or Chromium, a registry cannot be installed on the machine.
    process.stderr.write('\nSKIPPED: other frameworks: the registry of npm is not reached\n');
    return false;
  }
}

const isInstalled = install();
let running: ChildProcess | undefined;
afterEach(() => {
  running?.kill('SIGKILL');
  running = undefined;
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  tarball.remove();
});

/** The native program of a package that has one package for each platform. */
function program(scope: string, file: string): string {
  const [platform = ''] = readdirSync(path.join(folder, 'node_modules', scope));
  return path.join(folder, 'node_modules', scope, platform, file);
}

/** Starts an app, logs in, runs the steps of the test with the logged-in browser, and logs out. */
async function expectLogin(
  command: string,
  args: readonly string[],
  cwd = folder,
  whileLoggedIn: (browser: Browser, url: string) => unknown = () => undefined,
): Promise<void> {
  const { official } = emulator.apps;
  const child = spawn(command, args, {
    cwd,
    env: {
      ...ENV,
      WECHAT_OPEN_URL: emulator.url,
      WECHAT_API_URL: emulator.url,
      WECHAT_APP_ID: official.appId,
      WECHAT_APP_SECRET: official.appSecret,
      SESSION_KEY: 'a key of at least 32 characters, for iron-session',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running = child;
  let output = '';
  const address = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += String(chunk);
        const [, url] = /Listening at (\S+)\n/.exec(output) ?? [];
        if (url !== undefined) resolve(url);
      });
    }
  });
  const ended = once(child, 'close').then(() => Promise.reject(new Error(`the app ended: ${output}`)));
  ended.catch(() => undefined);
  const url = await Promise.race([address, ended]);
  const browser = Browser.inWechat(url);
  const me = await browser.logIn(emulator, '/me');
  expect([me.status, me.json()]).toEqual([200, expect.objectContaining({ nickname: '小明' })]);
  await whileLoggedIn(browser, url);
  expect((await browser.get('/logout')).status).toBe(302);
  expect((await browser.get('/me')).location).toMatch(/^\/login\?/);
}

(isInstalled ? describe : describe.skip)('the packed package logs in and out', () => {
  useEmulator();

  const startOf = (file: string, code = APPS[file] ?? ''): string[] => {
    writeFileSync(path.join(folder, 'any-port.cjs'), ANY_PORT);
    writeFileSync(path.join(folder, file), code);
    return ['--require', './any-port.cjs', file];
  };

  it.each(Object.keys(APPS))('in %s of the guide', async (file) => {
    await expectLogin(process.execPath, startOf(file));
  });

  it('gives the user to a socket of Socket.IO, and refuses one without a user', async () => {
    const socketOf = (url: string, cookie: string): string =>
      execFileSync(process.execPath, ['-e', SOCKET_CLIENT, url, cookie], { cwd: folder, encoding: 'utf8' });
    await expectLogin(process.execPath, startOf('socket.io.mjs'), folder, (browser, url) => {
      expect(socketOf(url, browser.cookies())).toBe('小明\n');
      expect(socketOf(url, '')).toMatch(/^refused: /);
    });
  });

  it('with OpenTelemetry, and Prometheus, which counts the login', async () => {
    for (const [file, code] of Object.entries(METRICS)) writeFileSync(path.join(folder, file), code);
    expect(Object.keys(METRICS)).toEqual(['opentelemetry.mjs', 'prometheus.mjs']);
    await expectLogin(process.execPath, startOf('measured.mjs', MEASURED), folder, async (browser) => {
      const { body } = await browser.get('/metrics');
      expect(body).toMatch(
        /^wechat_logins_ended_total\{flow="official",outcome="succeeded",kind="none"\} 1$/m,
      );
    });
  });

  it.each(Object.keys(BUNDLERS))('in a bundle of %s', async (bundler) => {
    inFolder(process.execPath, ['-e', BUNDLERS[bundler] ?? '']);
    // A folder without node_modules: the bundle has all that it needs.
    const alone = mkdtempSync(path.join(os.tmpdir(), 'bundle-'));
    cpSync(path.join(folder, 'bundled.js'), path.join(alone, 'bundled.js'));
    await expectLogin(process.execPath, ['bundled.js'], alone);
    rmSync(alone, { recursive: true });
  });

  it('on Bun', async () => {
    await expectLogin(program('@oven', 'bin/bun'), ['run', 'express.js']);
  });

  it('on Deno', async () => {
    await expectLogin(program('@deno', 'deno'), ['run', '-A', '--no-check', '--no-remote', 'express.js']);
  });

  it.each([
    ['pnpm', 'pnpm/bin/pnpm.cjs', ['install', '--ignore-scripts', '--store-dir=store'], ['express.js']],
    ['Yarn PnP', '@yarnpkg/cli-dist/bin/yarn.js', ['install'], ['-r', './.pnp.cjs', 'express.js']],
  ])('installed by %s', async (name, script, installation, start) => {
    const project = path.join(folder, name.replace(' ', '-'));
    const { express = '', 'cookie-session': cookieSession = '' } = PACKAGES;
    writeProject(project, { express, 'cookie-session': cookieSession });
    const settings = [
      'nodeLinker: pnp',
      'enableScripts: false',
      'enableTelemetry: false',
      'enableGlobalCache: false',
    ];
    writeFileSync(path.join(project, '.yarnrc.yml'), settings.join('\n'));
    // Yarn takes a folder without this file for a part of the project around it.
    writeFileSync(path.join(project, 'yarn.lock'), '');
    inFolder(process.execPath, [path.join(folder, 'node_modules', script), ...installation], project);
    await expectLogin(process.execPath, start, project);
  });
});
