// The commands of docs/typescript.md lead to a project in which the code of the pages compiles. The Chinese page
// has the same code.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readJSON, type Manifest } from '../../packed/tarball';
import { TSC } from '../../support/compiler/typescript7';
import { blocksIn } from '../blocks';
import { ROOT, read } from '../pages';

jest.setTimeout(60_000);

describe('the set-up of docs/typescript.md', () => {
  const page = 'docs/typescript.md';
  const folder = mkdtempSync(path.join(tmpdir(), 'set-up-'));
  const inFolder = (name: string): string => path.join(folder, name);
  const commands = (blocksIn(page, 'sh')[0] ?? '').trim().split('\n');
  /** The errors of the compiler in apps of these files. One process compiles all apps, and reads types once. */
  const compile = (apps: readonly (readonly string[])[]): string => {
    const configurations = apps.map((codes, app) => {
      const files = codes.map((_, index) => `app-${app}-${index}.ts`);
      for (const [index, name] of files.entries()) writeFileSync(inFolder(name), codes[index] ?? '');
      const paths = { 'express-wechat-auth': [path.join(ROOT, 'dist/index.d.ts')] };
      const configuration = inFolder(`app-${app}.json`);
      writeFileSync(
        configuration,
        JSON.stringify({ extends: './tsconfig.json', compilerOptions: { noEmit: true, paths }, files }),
      );
      return configuration;
    });
    return spawnSync(process.execPath, [TSC, '--build', ...configurations], { encoding: 'utf8' }).stdout;
  };

  beforeAll(() => {
    writeFileSync(inFolder('package.json'), '{ "type": "commonjs" }');
    symlinkSync(path.join(ROOT, 'node_modules'), inFolder('node_modules'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('compiles each block of the pages that needs it', () => {
    const [npm = '', install = '', init = ''] = commands;
    expect(install).toMatch(/@types\/node @types\/express @types\/cookie-session$/);
    execFileSync('npm', npm.split(' ').slice(1), { cwd: folder });
    execFileSync(process.execPath, [TSC, ...init.replace('npx tsc ', '').split(' ')], { cwd: folder });
    expect(JSON.parse(readFileSync(inFolder('package.json'), 'utf8'))).toEqual({ type: 'module' });
    const blocks = [...blocksIn(page, 'ts'), ...blocksIn('docs/scaling.md', 'ts').slice(0, 2)];
    expect(blocks.length).toBe(6);
    const augments = (code: string): boolean => code.includes('declare module');
    // A block that augments a module is an app of its own: the augmentation would apply to the other blocks.
    const apps = [blocks.filter((code) => !augments(code)), ...blocks.filter(augments).map((code) => [code])];
    expect(compile(apps)).toBe('');
  });
});

describe.each(['docs/typescript.md', 'docs/zh-CN/typescript.md'])('%s', (page) => {
  it('names the versions of TypeScript that the tests install', () => {
    const [, ...named] = /TypeScript (\d+) (?:and|和) (\d+)/.exec(read(page)) ?? [];
    const installed = ['typescript', 'typescript7'].map((name) => {
      const { version } = readJSON(path.join(ROOT, 'node_modules', name, 'package.json')) as Manifest;
      return version.replace(/\..*/, '');
    });
    expect(named).toEqual(installed);
  });
});
