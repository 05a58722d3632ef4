// Installs the packed package in ten projects, as users have them. They compile, load it, run its command and
// log in.
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as library from '../../lib';
import * as emulator from '../../lib/emulator';
import { Browser, type BrowserResponse } from '../support/browser';
import { PROJECTS } from './projects';
import { ConsumerProject } from './consumer-project';
import { Tarball } from './tarball';

jest.setTimeout(120_000);

let tarball: Tarball;
beforeAll(() => {
  tarball = new Tarball();
});
afterAll(() => tarball.remove());

const ENTRIES = ['express-wechat-auth', 'express-wechat-auth/emulator'] as const;
const EXPORTS = {
  'express-wechat-auth': Object.keys(library).sort(),
  'express-wechat-auth/emulator': Object.keys(emulator).sort(),
};

interface Loaded {
  /** The exports of each entry, in the order of loading. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** The files that are loaded after each entry. */
  readonly files: Readonly<Record<string, readonly string[]>>;
}

const REPORT = `
const names = {}, files = {};
const note = (entry, exports) => {
  names[entry] = Object.keys(exports).filter((name) => !['default', 'module.exports', '__esModule'].includes(name)).sort();
  files[entry] = Object.keys(require.cache).map((file) => file.replaceAll('\\\\', '/'));
};`;
const REQUIRES = `${REPORT}
for (const entry of ${JSON.stringify(ENTRIES)}) note(entry, require(entry));
console.log(JSON.stringify({ names, files }));`;
/** In the other order: the emulator first. */
const IMPORTS = `import { createRequire } from 'node:module';
const require = createRequire(process.cwd() + '/');
${REPORT}
for (const entry of ${JSON.stringify(ENTRIES.toReversed())}) {
  const imported = await import(entry);
  note(entry, imported);
  if (Object.keys(require(entry)).some((name) => require(entry)[name] !== imported[name])) throw new Error('two copies');
}
console.log(JSON.stringify({ names, files }));`;

describe.each(PROJECTS)('a project with $what', (row) => {
  let project: ConsumerProject;
  beforeAll(() => {
    project = new ConsumerProject(tarball, row);
    project.write(row.main, row.source);
  });
  afterAll(() => project.remove());

  let compiled: string[] | undefined;
  const compile = (): string[] =>
    (compiled ??= row.needsTypescript6
      ? project.compileWith6(row.main, row.compilerOptions)
      : project.compile({ file: row.main, compilerOptions: row.compilerOptions }));

  it('compiles, and so do all types that it reaches', () => {
    expect(compile()).toEqual([]);
  });

  it('loads both entries with require', async () => {
    const { names, files } = JSON.parse(
      await project.node('--input-type=commonjs', '-e', REQUIRES),
    ) as Loaded;
    expect(names).toEqual(EXPORTS);
    const before = files['express-wechat-auth'] ?? [];
    expect(before.some((file) => file.startsWith(`${project.folder}/node_modules/`))).toBe(true);
    expect(before.filter((file) => file.includes('/dist/emulator/'))).toEqual([]);
    const after = files['express-wechat-auth/emulator'] ?? [];
    expect(
      after.filter((file) => /\/node_modules\/(?:express4?|axios|valibot)\/|\/dist\/vendor\//.test(file)),
    ).toEqual([]);
  });

  it('loads both entries with import, and gets the same copy as with require', async () => {
    const { names, files } = JSON.parse(await project.node('--input-type=module', '-e', IMPORTS)) as Loaded;
    expect(names).toEqual(EXPORTS);
    const before = files['express-wechat-auth/emulator'] ?? [];
    expect(before.some((file) => file.includes('/dist/emulator/'))).toBe(true);
    const heavy = /\/node_modules\/axios\/|\/dist\/(?:oauth|middleware|stores)\//;
    expect(before.filter((file) => heavy.test(file))).toEqual([]);
  });

  it('has the command', async () => {
    expect(await project.command('express-wechat-auth', '--help')).toMatch(
      /^Usage: express-wechat-auth <command>/,
    );
  });

  it('logs in', async () => {
    // Writes the JavaScript, if this test runs alone.
    compile();
    const wechat = row.usesCommand ? await startEmulatorCommand(project) : undefined;
    const app = await project.serveScript(row.main.replace(/ts$/, 'js'), wechat?.env);
    const me = await logIn(app.output);
    const { user, openid } = me.json() as { user: library.WechatUser; openid: string };
    expect([me.status, user.nickname, user.openid]).toEqual([200, '小明', openid]);
    await app.stop();
    expect(await wechat?.stop()).toBe(wechat && 0);
  });
});

/** Opens the guarded page, presses 允许 (allow) at WeChat, and returns the page after the callback. */
async function logIn(app: string): Promise<BrowserResponse> {
  const browser = Browser.inWechat(app);
  const { location } = await browser.follow('/me');
  expect(location).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/connect\/oauth2\/authorize\?/);
  const agreed = await browser.press(await browser.get(location), 'allow');
  expect(agreed.location).toMatch(new RegExp(`^${app}/callback\\?`));
  return browser.follow(agreed.location);
}

/** Starts the emulator by the tarball's own command, which prints the environment variables of an app. */
async function startEmulatorCommand(
  project: ConsumerProject,
): Promise<{ env: Record<string, string>; stop(): Promise<number | null> }> {
  const command = await project.serveCommand(
    'express-wechat-auth',
    ['emulator', '--port', '0'],
    /([\s\S]*)Ctrl\+C/,
  );
  const env = Object.fromEntries(
    [...command.output.matchAll(/^(WECHAT_\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  return { env, stop: () => command.stop() };
}

describe('a project with the package alone', () => {
  let project: ConsumerProject;
  beforeEach(() => {
    project = new ConsumerProject(tarball);
  });
  afterEach(() => project.remove());

  it('cannot load a package that ours does not declare', async () => {
    const script = `
      const inside = require('node:module').createRequire(require.resolve('express-wechat-auth'));
      const reach = (name) => { try { return inside.resolve(name); } catch (error) { return error.code; } };
      console.log(JSON.stringify(['express', 'typescript', 'cookie-session', 'axios'].map(reach)));`;
    expect(JSON.parse(await project.node('-e', script))).toEqual([
      'MODULE_NOT_FOUND',
      'MODULE_NOT_FOUND',
      'MODULE_NOT_FOUND',
      expect.stringContaining(`${path.sep}axios${path.sep}`),
    ]);
  });

  it('can load the two entries and package.json, and nothing else', async () => {
    const script = `
      const open = (name) => { try { return typeof require('express-wechat-auth' + name); } catch (error) { return error.code; } };
      console.log(JSON.stringify(['', '/emulator', '/package.json', '/dist/errors.js', '/dist/index.js'].map(open)));`;
    const closed = 'ERR_PACKAGE_PATH_NOT_EXPORTED';
    expect(JSON.parse(await project.node('-e', script))).toEqual([
      'object',
      'object',
      'object',
      closed,
      closed,
    ]);
  });

  it('cannot load the package without one of its dependencies or files', async () => {
    const modules = path.join(project.folder, 'node_modules');
    const load = (): Promise<string> => project.node('-e', "require('express-wechat-auth')");
    await load();
    rmSync(path.join(modules, 'lru-cache'));
    await expect(load()).rejects.toThrow("Cannot find module 'lru-cache'");
    const file = path.join(modules, 'express-wechat-auth/dist/errors.js');
    expect(existsSync(file)).toBe(true);
    rmSync(file);
    await expect(load()).rejects.toThrow('errors');
  });
});
