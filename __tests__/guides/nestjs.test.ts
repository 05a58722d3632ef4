// NestJS has only ES modules, and Jest runs CommonJS. So the guide's app runs in its own process.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { Browser } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';
import { codeOf } from './guide';

const ROOT = path.resolve(__dirname, '../..');
const PACKAGES = ['@nestjs', '@types', 'cookie-session', 'express', 'reflect-metadata', 'rxjs'];

/** Writes a user's project: the guide's files, compiled, with the packages in its node_modules. */
function makeProject(folder: string, files: readonly string[]): void {
  mkdirSync(path.join(folder, 'node_modules'));
  for (const name of PACKAGES)
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
  symlinkSync(ROOT, path.join(folder, 'node_modules/express-wechat-auth'));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  for (const file of files) {
    writeFileSync(path.join(folder, file), codeOf('nestjs', file));
    const { outputText } = ts.transpileModule(codeOf('nestjs', file), {
      compilerOptions: {
        module: ts.ModuleKind.ES2022,
        target: ts.ScriptTarget.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    writeFileSync(path.join(folder, file.replace(/ts$/, 'js')), outputText);
  }
}

describe('the guide to NestJS', () => {
  useEmulator();
  let folder: string;
  let child: ChildProcess;
  let url: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'guide-nestjs-'));
    makeProject(folder, ['main.ts', 'wechat.ts', 'app.module.ts', 'wechat-filter.ts']);
    const { appId, appSecret } = emulator.apps.official;
    child = spawn(process.execPath, ['main.js'], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        SESSION_KEY: 'test key',
        WECHAT_APP_ID: appId,
        WECHAT_APP_SECRET: appSecret,
        WECHAT_OPEN_URL: emulator.url,
        WECHAT_API_URL: emulator.url,
        NO_PROXY: '*',
      },
    });
    url = await listening(child);
  }, 60_000);
  afterAll(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await gone;
    rmSync(folder, { recursive: true });
  });

  it('compiles under strict TypeScript, all of its files together', () => {
    const program = ts.createProgram([path.join(folder, 'main.ts'), path.join(folder, 'wechat-filter.ts')], {
      strict: true,
      noEmit: true,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      skipLibCheck: true,
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
      types: ['node'],
    });
    const errors = ts
      .getPreEmitDiagnostics(program)
      .map(({ file, messageText }) => [
        file && path.basename(file.fileName),
        ts.flattenDiagnosticMessageText(messageText, ' '),
      ]);
    expect(errors).toEqual([]);
  }, 60_000);

  it('shows everybody the page that is not guarded', async () => {
    const response = await Browser.inWechat(url).get('/');
    expect([response.status, response.body]).toEqual([200, 'This page is public.']);
  });

  it('redirects a page to the login, and gives the user to the controller', async () => {
    const browser = Browser.inWechat(url);
    const done = await browser.logIn(emulator, '/me');
    expect([done.status, done.json()]).toEqual([
      200,
      { openid: emulator.openid('ming', emulator.apps.official.appId), nickname: '小明' },
    ]);
  });

  it('responds to a script with 401', async () => {
    const headers = { Accept: 'application/json', 'Sec-Fetch-Mode': 'cors' };
    const response = await Browser.inWechat(url).get('/me', { headers });
    expect([response.status, response.json()]).toMatchObject([
      401,
      { error: 'unauthenticated', loginURL: '/login' },
    ]);
  });
});

/** Resolves to the address that the app prints. Rejects with its output if it ends first. */
function listening(process: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      output += chunk.toString();
      const port = /Listening at http:\/\/.*:(\d+)/.exec(output)?.[1];
      if (port) resolve(`http://127.0.0.1:${port}`);
    };
    process.stdout?.on('data', onData);
    process.stderr?.on('data', onData);
    process.once('exit', () => {
      reject(new Error(output));
    });
  });
}
