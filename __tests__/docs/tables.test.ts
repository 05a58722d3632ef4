// The tables of options, errors, warnings and switches say what the code says. `npm run docs:tables` writes
// them.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ERROR_KINDS } from '../../lib';
import { DEFAULT_SWITCHES } from '../../lib/emulator/world/switches';
import { WARNING_CODES } from '../../lib/warnings';
import { memberNames } from '../support/compiler/types';
import { read, ROOT } from './pages';

// The script runs in another process, which loads the TypeScript compiler and Prettier.
jest.setTimeout(60_000);

interface Result {
  readonly status: number;
  readonly errors: string;
}

/**
 * Imports the script again for each message, as if Node started it with these arguments. What it imports stays
 * loaded: TypeScript and Prettier take most of the time of a run.
 */
const RUNS = `
  import { format } from 'node:util';
  import { pathToFileURL } from 'node:url';
  const { href } = pathToFileURL(process.argv[1]);
  let runs = 0;
  process.on('message', async (args) => {
    let errors = '';
    console.error = (...texts) => { errors += format(...texts) + '\\n'; };
    process.argv.splice(2, Infinity, ...args);
    process.exitCode = 0;
    try {
      await import(href + '?' + runs++);
    } catch (error) {
      console.error(error);
      process.exitCode = 1;
    }
    process.send({ status: process.exitCode, errors });
  });`;

let script: ChildProcess;
beforeAll(() => {
  const file = path.join(ROOT, 'docs/tables/tables.mjs');
  script = spawn(process.execPath, ['--input-type=module', '--eval', RUNS, file], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
});
afterAll(() => {
  script.kill();
});

/** Runs the script, by default on the pages of the repository. Resolves to its status and error output. */
async function tables(...args: string[]): Promise<Result> {
  script.send(args);
  const [result] = (await once(script, 'message')) as [Result];
  return result;
}

/** The names in the first cells of a table of a page. */
function namesIn(page: string, table: string): string[] {
  const [, text = ''] =
    new RegExp(`<!-- table: ${table} -->([\\s\\S]*?)<!-- end of table -->`).exec(read(page)) ?? [];
  return [...text.matchAll(/^\| \[?`(\w+)`/gm)].map(([, name = '']) => name);
}

it('the tables are up to date', async () => {
  expect(await tables('--check')).toEqual({ status: 0, errors: '' });
});

describe.each(['docs', 'docs/zh-CN'])('in %s', (folder) => {
  it.each([
    ['options', memberNames('WechatAuthOptions')],
    ['errors', ERROR_KINDS],
    ['warnings', WARNING_CODES],
  ])('%s has a row for each, in the order of the code', (table, names) => {
    expect(namesIn(`${folder}/${table}.md`, table)).toEqual([...names]);
  });

  it('emulator has a row for each switch, in the order of the code', () => {
    expect(namesIn(`${folder}/emulator.md`, 'switches')).toEqual(Object.keys(DEFAULT_SWITCHES));
  });
});

describe('pages that differ from the code', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'tables-'));
    cpSync(path.join(ROOT, 'docs'), path.join(root, 'docs'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function edit(page: string, change: (text: string) => string): void {
    const file = path.join(root, page);
    const text = readFileSync(file, 'utf8');
    expect(change(text)).not.toBe(text);
    writeFileSync(file, change(text));
  }

  it('are reported, and written', async () => {
    edit('docs/options.md', (text) => text.replace('`600000`', '`500000`'));
    edit('docs/warnings.md', (text) => text.replace(/^\| `WECHAT_FRAME`.*\n/m, ''));
    edit('docs/zh-CN/errors.md', (text) => text.replace('HTTP 503', 'HTTP 500'));
    const { status, errors } = await tables('--check', root);
    expect([status, errors.match(/^\S+(?= differs)/gm)]).toEqual([
      1,
      ['docs/options.md', 'docs/zh-CN/errors.md', 'docs/warnings.md'],
    ]);
    expect((await tables(root)).status).toBe(0);
    expect(await tables('--check', root)).toEqual({ status: 0, errors: '' });
    for (const page of ['docs/options.md', 'docs/warnings.md', 'docs/zh-CN/errors.md'])
      expect(readFileSync(path.join(root, page), 'utf8')).toBe(read(page));
  });

  it('need a Chinese text for each row', async () => {
    edit('docs/zh-CN/options.md', (text) => text.replace(/^\| `returnTo` .*\n/m, ''));
    const { status, errors } = await tables(root);
    expect([status, errors]).toEqual([1, expect.stringContaining('the row `returnTo` of the table options')]);
  });
});
