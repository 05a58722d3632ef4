// docs/api is generated from the docstrings in lib/ by `npm run docs`. It is up to date and complete, and its
// examples compile.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import * as library from '../lib';
import * as emulatorLibrary from '../lib/emulator';
import { anchorsIn } from './docs/pages';

// TypeDoc and the compiler take long on a busy machine.
jest.setTimeout(120_000);

const ROOT = path.resolve(__dirname, '..');
const COMMITTED = path.join(ROOT, 'docs/api');
const CONFIGURATION = path.join(ROOT, 'docs/typedoc/typedoc.json');

type Pages = Readonly<Record<string, string>>;

/** Page → text. */
function pagesIn(folder: string): Pages {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [
      path.relative(folder, file).replaceAll(path.sep, '/'),
      readFileSync(file, 'utf8').replaceAll('\r\n', '\n'),
    ]),
  );
}

/** Runs TypeDoc as `npm run docs` does, but into another folder. It fails on its first warning. */
async function generate(...options: string[]): Promise<{ pages: Pages; output: string }> {
  const out = mkdtempSync(path.join(tmpdir(), 'api-reference-'));
  const typedoc = path.join(ROOT, 'node_modules/typedoc/bin/typedoc');
  try {
    const run = promisify(execFile)(
      process.execPath,
      [typedoc, '--options', CONFIGURATION, '--out', out, '--logLevel', 'Warn', ...options],
      { cwd: ROOT, env: { ...process.env, NO_COLOR: '1' } },
    );
    const output = await run.then(
      ({ stdout, stderr }) => stdout + stderr,
      (error: unknown) => {
        const { message, stdout = '' } = error as Error & { stdout?: string };
        return `${message}${stdout}`;
      },
    );
    return { pages: pagesIn(out), output };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** The first line in which two texts differ. */
function difference(committed: string | undefined, generated: string | undefined): string[] {
  if (committed === generated) return [];
  if (committed === undefined) return ['is missing'];
  if (generated === undefined) return ['is no longer generated'];
  const [before, now] = [committed.split('\n'), generated.split('\n')];
  const at = now.findIndex((line, index) => line !== before[index]);
  return [`line ${at + 1}: ${before[at] ?? '(the end)'} → ${now[at] ?? '(the end)'}`];
}

/** The anchors of a page: those of its headings, and its own. */
function anchorsOf(page: string): Set<string> {
  const own = [...page.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  return new Set([...anchorsIn(page), ...own]);
}

/** The links of the pages that lead to no page, or to no place in a page. */
function brokenLinks(pages: Pages): string[] {
  return Object.entries(pages).flatMap(([name, page]) =>
    [...page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([link, file = '', anchor]) => {
      const target = pages[file ? path.posix.join(path.posix.dirname(name), file) : name];
      const leads =
        target !== undefined && (anchor === undefined || anchorsOf(target).has(decodeURIComponent(anchor)));
      return leads ? [] : [`${name}: ${link}`];
    }),
  );
}

/** The declarations that the examples need: everything that the package exports, and an app around them. */
const GIVEN = `
import type cookieSessions from 'cookie-session';
import type { Express } from 'express';
import type * as keyv from 'keyv';
import type * as api from 'express-wechat-auth';
import type * as emulatorAPI from 'express-wechat-auth/emulator';
import type * as redis from 'redis';

declare global {
  ${Object.keys(library)
    .map((name) => `const ${name}: typeof api.${name};`)
    .join(' ')}
  ${Object.keys(emulatorLibrary)
    .map((name) => `const ${name}: typeof emulatorAPI.${name};`)
    .join(' ')}
  const app: Express;
  const wechat: emulatorAPI.Emulator;
  const cookieSession: typeof cookieSessions;
  const createClient: typeof redis.createClient;
  const Keyv: typeof keyv.Keyv;
  const KeyvPostgres: new (url: string | undefined) => keyv.KeyvStoreAdapter;
  const MyTokenStore: new () => api.TokenStore;
  const admins: Set<string>;
  const failures: { inc(labels: { kind: string }): void };
  const oauth: api.OAuth;
  const code: string, openid: string, state: string, url: string;
  const request: (url: string, callback: (error: Error | null, data?: object) => void) => void;
}
`;

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Preserve,
  esModuleInterop: true,
  skipLibCheck: true,
  types: ['node', 'jest'],
  // As a user's tsc sees the package: its built types, not the source.
  paths: {
    'express-wechat-auth': [path.join(ROOT, 'dist/index.d.ts')],
    'express-wechat-auth/emulator': [path.join(ROOT, 'dist/emulator/index.d.ts')],
  },
};

const outside = new Map<string, ts.SourceFile>();

/**
 * The compiler's errors in the examples of the pages. An example that augments a module is only parsed,
 * because it would change the types of all others.
 */
function complaintsAbout(pages: Pages): string[] {
  const examples = Object.entries(pages).flatMap(([name, page]) =>
    [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
      ([, code = ''], index) => [path.join(ROOT, 'api-examples', name, `${index + 1}.ts`), code] as const,
    ),
  );
  const files = new Map([...examples, [path.join(ROOT, 'api-examples/given.ts'), GIVEN]]);
  const host = ts.createCompilerHost(OPTIONS);
  const getSourceFile = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.getSourceFile = (name, version, ...rest) => {
    const code = files.get(path.normalize(name));
    if (code !== undefined) return ts.createSourceFile(name, `export {};${code}`, version, true);
    // The options and the files of packages never change, so each file is read once.
    const known = outside.get(name) ?? getSourceFile(name, version, ...rest);
    if (known) outside.set(name, known);
    return known;
  };
  host.fileExists = (name) => files.has(path.normalize(name)) || fileExists(name);
  const isAugmenting = (code: string): boolean => /^declare module/m.test(code);
  const program = ts.createProgram(
    [...files].flatMap(([name, code]) => (isAugmenting(code) ? [] : [name])),
    OPTIONS,
    host,
  );
  return [...files].flatMap(([name, code]) => {
    const file = program.getSourceFile(name);
    const found = file
      ? [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
      : (ts.transpileModule(code, { reportDiagnostics: true }).diagnostics ?? []);
    return found.map(
      ({ messageText }) =>
        `${path.relative(path.join(ROOT, 'api-examples'), name)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
}

describe('the API reference', () => {
  const committed = pagesIn(COMMITTED);

  it('is up to date with the docstrings, and every public name has one', async () => {
    const { pages, output } = await generate();
    // A warning names an export without a docstring, or a broken link.
    expect(output).toBe('');
    const stale = [...new Set([...Object.keys(committed), ...Object.keys(pages)])].flatMap((name) =>
      difference(committed[name], pages[name]).map((found) => `docs/api/${name} ${found}`),
    );
    expect({ stale, remedy: 'npm run docs' }).toEqual({ stale: [], remedy: 'npm run docs' });
  });

  it('has a page for each entry, under the name that users import', () => {
    const { exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      exports: Readonly<Record<string, unknown>>;
    };
    const entries = Object.keys(exports)
      .filter((entry) => !entry.endsWith('.json'))
      .map((entry) => path.posix.join('express-wechat-auth', entry));
    expect(Object.keys(committed)).toEqual(['README.md', ...entries.map((entry) => `${entry}.md`)].sort());
    for (const entry of entries) expect(committed['README.md']).toContain(`[${entry}](${entry}.md)`);
  });

  it('has every value that the package exports', () => {
    const missing = (name: string, exports: object): string[] =>
      Object.keys(exports).filter(
        (each) =>
          !new RegExp(
            `^### (?:\`abstract\` )?${each.replaceAll('_', String.raw`\\_`)}(?:\\(\\))?$`,
            'm',
          ).test(committed[name] ?? ''),
      );
    expect(missing('express-wechat-auth.md', library)).toEqual([]);
    expect(missing('express-wechat-auth/emulator.md', emulatorLibrary)).toEqual([]);
  });

  it('has an example for each entry point', () => {
    const entryPoints = [
      'wechatAuth',
      'requireWechatUser',
      'wechatRelay',
      'wrapper',
      'OAuth',
      'createEmulator',
      'selfSignedCertificate',
    ];
    const stores = ['MemoryTokenStore', 'KeyvTokenStore', 'RedisTokenStore', 'tokenStoreTests'];
    const sections = Object.values(committed).flatMap((page) => page.split(/^### /m).slice(1));
    for (const name of [...entryPoints, ...stores, 'WechatError', 'WechatAuthEvents', 'AppTypes']) {
      const section = sections.find((each) =>
        new RegExp(`^(?:\`abstract\` )?${name}(?:\\(\\))?\n`).test(each),
      );
      expect(`${name}: ${section?.includes('#### Example') === true}`).toBe(`${name}: true`);
    }
  });

  it('shows code that compiles', () => {
    expect(complaintsAbout(committed)).toEqual([]);
  });

  it('has no broken links', () => {
    expect(brokenLinks(committed)).toEqual([]);
  });

  it('does not name the machine that generated it, and lists no members of other packages', () => {
    for (const page of Object.values(committed)) {
      expect(page).not.toContain(ROOT);
      expect(page).not.toMatch(/node_modules|IncomingMessage\.|captureStackTrace|httpVersion/);
    }
  });

  it('is checked by tests that find a stale page, a broken link and a wrong example', () => {
    expect(difference('a\nb\n', 'a\nc\n')).toEqual(['line 2: b → c']);
    expect([difference(undefined, ''), difference('', undefined)]).toEqual([
      ['is missing'],
      ['is no longer generated'],
    ]);
    const page = '# A\n## get()\n## get()\n[there](#get-1) [not](#get-2) [page](b.md) [none](c.md)\n';
    expect(brokenLinks({ 'a.md': page, 'b.md': '' })).toEqual(['a.md: ](#get-2)', 'a.md: ](c.md)']);
    const wrong = "```ts\napp.use(wechatAuth({ appid: 'wx' }));\n```\n```ts\ndeclare module 'x' { … }\n```\n";
    expect(complaintsAbout({ 'a.md': wrong })).toEqual([
      expect.stringMatching(/^a\.md.1\.ts: .*'appid' does not exist/),
      expect.stringMatching(/^a\.md.2\.ts: Invalid character/),
    ]);
  });
});
