import { execFileSync } from 'node:child_process';
import path from 'node:path';
import * as library from '../lib';
import * as emulator from '../lib/emulator';

const ROOT = path.resolve(__dirname, '..');

/** Runs a script that knows the package by its name, as users do, and reads the JSON it prints. */
function run(script: string, type: 'commonjs' | 'module'): unknown {
  const output = execFileSync(process.execPath, [`--input-type=${type}`, '-e', script], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return JSON.parse(output) as unknown;
}

const LOADED = `Object.keys(require.cache).map((file) => file.replaceAll('\\\\', '/'))`;
const entries = { 'express-wechat-auth': library, 'express-wechat-auth/emulator': emulator };

describe('the package as it ships', () => {
  describe.each(Object.entries(entries))('%s', (name, source) => {
    const names = Object.keys(source).sort();

    it('loads with require', () => {
      expect(run(`console.log(JSON.stringify(Object.keys(require('${name}')).sort()))`, 'commonjs')).toEqual(
        names,
      );
    });

    it('loads with import, each name by itself', () => {
      const script = `import { ${names.join(', ')} } from '${name}'; console.log(JSON.stringify([${names.join(', ')}].map((each) => typeof each)))`;
      expect(run(script, 'module')).toEqual(
        names.map((each) => typeof (source as Record<string, unknown>)[each]),
      );
    });
  });

  it('is one copy for require and import: instanceof works across both', () => {
    const script = `
      import { createRequire } from 'node:module';
      import { WechatAuthError } from 'express-wechat-auth';
      const required = createRequire(process.cwd() + '/')('express-wechat-auth');
      console.log(JSON.stringify(required.WechatAuthError === WechatAuthError));`;
    expect(run(script, 'module')).toBe(true);
  });

  it('loads neither Express nor the emulator with the library, and axios and valibot only when they are needed', () => {
    const files = run(
      `require('express-wechat-auth'); console.log(JSON.stringify(${LOADED}))`,
      'commonjs',
    ) as string[];
    const unwanted = /node_modules\/(?:express|axios|valibot)\/|dist\/(?:emulator|vendor)\//;
    expect(files.filter((file) => unwanted.test(file))).toEqual([]);
    expect(files.some((file) => file.includes('/dist/oauth/'))).toBe(true);
  });

  it('loads neither axios nor the library with the emulator', () => {
    const files = run(
      `require('express-wechat-auth/emulator'); console.log(JSON.stringify(${LOADED}))`,
      'commonjs',
    ) as string[];
    expect(
      files.filter((file) => /node_modules\/axios\/|dist\/(?:oauth|middleware|stores)\//.test(file)),
    ).toEqual([]);
    expect(files.some((file) => file.includes('/dist/emulator/'))).toBe(true);
  });
});
