// What the pages print compiles, runs where it says that it runs, and is the same in both languages.
//
// Marks in a page, HTML comments before a block of code:
//   <!-- given: … -->         declarations that the blocks below take for granted, unless they make their own
//   <!-- continues -->        the next block goes on from the one before it
//   <!-- not compiled: … -->  the next block is not compiled, with the reason
// A block that starts with `// app.ts` is the file of that name for the other blocks of its page.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import * as library from '../lib';
import { run } from '../lib/cli/run';
import * as emulatorLibrary from '../lib/emulator';
import { ENGLISH, ROOT, twinOf } from './docs/pages';
import { Browser } from './support/browser';
import { describeInChromium, launchChromium } from './support/browsers/chromium';
import { emulator, useEmulator } from './support/emulator';
import { goesToWechat } from './support/login';

// Compilers and browsers: on a busy machine they take their time.
jest.setTimeout(120_000);

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const PAGES = ENGLISH.flatMap((file) => [file, twinOf(file)]).filter((file) =>
  existsSync(path.join(ROOT, file)),
);

/** Blocks for packages that are not installed here: their number, page by page. */
const NOT_COMPILED: Readonly<Record<string, number>> = {
  'docs/guides/embedded-qr.md': 3,
  'docs/guides/from-hand-written.md': 1,
  'docs/guides/from-passport-wechat.md': 2,
  'docs/guides/from-wechat-oauth.md': 1,
  'docs/guides/nestjs.md': 1,
  'docs/guides/nextjs.md': 5,
  'docs/guides/single-page-apps.md': 2,
  'docs/observability.md': 2,
  'docs/testing.md': 1,
  'docs/typescript.md': 2,
};

const COMPILED = ['ts', 'tsx', 'js', 'mjs', 'cjs'];

interface Block {
  readonly page: string;
  readonly language: string;
  readonly code: string;
  /** The line of the page where the code starts, counted from 1. */
  readonly line: number;
  readonly continues: boolean;
  readonly exempt: string | undefined;
  /** All that the page declared as given before this block. */
  readonly given: string;
}

const MARK = /^<!-- (given:|continues|not compiled:)([\s\S]*?)-->$/;

/** The blocks of code of a page, with their marks. */
function blocksOf(page: string): Block[] {
  const text = read(page);
  const blocks: Block[] = [];
  let given = '';
  let continues = false;
  let exempt: string | undefined;
  for (const found of text.matchAll(/^ *<!--[\s\S]*?-->$|^( *)```(\w*)[^\n]*\n([\s\S]*?)^\1```$/gm)) {
    const [whole, indent = '', language = '', code] = found;
    if (code === undefined) {
      const [, mark, rest = ''] = MARK.exec(whole.trim()) ?? [];
      if (mark === 'given:') given += rest;
      else if (mark === 'continues') continues = true;
      else if (mark === 'not compiled:') exempt = rest.trim();
      continue;
    }
    const line = text.slice(0, found.index).split('\n').length + 1;
    const own = indent ? code.replaceAll(new RegExp(`^${indent}`, 'gm'), '') : code;
    blocks.push({ page, language, code: own, line, continues, exempt, given });
    continues = false;
    exempt = undefined;
  }
  return blocks;
}

/** The names that a file declares at its top, imports included. */
function namesIn(code: string): Set<string> {
  const source = ts.createSourceFile('names.ts', code, ts.ScriptTarget.Latest, true);
  const names = new Set<string>();
  const add = (name: ts.BindingName | undefined): void => {
    if (name === undefined) return;
    if (ts.isIdentifier(name)) names.add(name.text);
    else for (const element of name.elements) if (ts.isBindingElement(element)) add(element.name);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) add(name);
    else if (
      ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement)
    )
      add(statement.name);
    else if (ts.isImportDeclaration(statement)) {
      add(statement.importClause?.name);
      const bindings = statement.importClause?.namedBindings;
      if (bindings && ts.isNamedImports(bindings)) for (const { name } of bindings.elements) add(name);
      else add(bindings?.name);
    }
  }
  return names;
}

interface Sources {
  /** File → text. */
  readonly files: ReadonlyMap<string, string>;
  /** File → where each of its lines stands in a page. */
  readonly places: ReadonlyMap<string, readonly string[]>;
}

/** Where the files of the blocks seem to lie: beside the package's own, which knows what they import. */
const FOLDER = path.join(ROOT, 'docs-code');

/** A file for each block: what goes before it, and what is given. */
function sourcesOf(blocks: readonly Block[]): Sources {
  const files = new Map<string, string>();
  const places = new Map<string, string[]>();
  let chain: { code: string; places: string[] } = { code: '', places: [] };
  for (const block of blocks.filter(({ language }) => COMPILED.includes(language))) {
    const { page, language, code, line, given } = block;
    if (block.exempt !== undefined) continue;
    const own = code.split('\n').map((_, index) => `${page}:${line + index}`);
    const before = block.continues ? chain : { code: '', places: [] };
    chain = { code: before.code + code, places: [...before.places.slice(0, -1), ...own] };
    const folder = path.join(FOLDER, page.replaceAll(/[^\w-]/g, '_'));
    const declared = namesIn(chain.code);
    const taken = [...namesIn(given)].filter((each) => !declared.has(each));
    const head = taken.length > 0 ? `import { ${taken.join(', ')} } from './given-${line}';` : '';
    if (taken.length > 0)
      files.set(
        path.join(folder, `given-${line}.ts`),
        `${given}\nexport { ${[...namesIn(given)].join(', ')} };`,
      );
    const text = `${head}export {};\n${chain.code}`;
    const name = path.join(folder, `${line}.${language}`);
    files.set(name, text);
    places.set(name, [page, ...chain.places]);
    const called = /^\/\/ ([\w./-]+\.[cm]?[jt]sx?)\b/.exec(code)?.[1];
    if (called !== undefined) files.set(path.join(folder, called), text);
  }
  return { files, places };
}

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Preserve,
  allowJs: true,
  checkJs: true,
  esModuleInterop: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: true,
  jsx: ts.JsxEmit.Preserve,
  types: ['node', 'jest'],
  // As a user's tsc sees the package: its built types, not the source.
  paths: {
    'express-wechat-auth': [path.join(ROOT, 'dist/index.d.ts')],
    'express-wechat-auth/emulator': [path.join(ROOT, 'dist/emulator/index.d.ts')],
    // Its API without the browsers that it downloads.
    playwright: [path.join(ROOT, 'node_modules/playwright-core/index.d.ts')],
  },
};

/** What the compiler says of the blocks, at their places in the pages. Who tells the package more types is alone with them. */
function complaintsAbout({ files, places }: Sources): string[] {
  const isGiven = (name: string): boolean => path.basename(name).startsWith('given-');
  const augments = [...places.keys()].filter((name) =>
    /^declare (?:module|global)\b/m.test(files.get(name) ?? ''),
  );
  const only = (wanted: (name: string) => boolean): Sources => ({
    files: new Map([...files].filter(([name]) => wanted(name))),
    places,
  });
  return [
    only((name) => !augments.includes(name)),
    ...augments.map((augment) => only((name) => name === augment || isGiven(name))),
  ].flatMap(complaintsOf);
}

const outside = new Map<string, ts.SourceFile>();

function complaintsOf({ files, places }: Sources): string[] {
  const host = ts.createCompilerHost(OPTIONS);
  const getSourceFile = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  const directoryExists = host.directoryExists?.bind(host);
  const readFile = host.readFile.bind(host);
  host.getSourceFile = (file, version, ...rest) => {
    const text = files.get(path.normalize(file));
    if (text !== undefined) return ts.createSourceFile(file, text, version, true);
    // The options are the same every time, and so are the files of packages: read once.
    const known = outside.get(file) ?? getSourceFile(file, version, ...rest);
    if (known) outside.set(file, known);
    return known;
  };
  host.fileExists = (file) => files.has(path.normalize(file)) || fileExists(file);
  host.directoryExists = (folder) =>
    path.normalize(folder).startsWith(FOLDER) || (directoryExists?.(folder) ?? true);
  host.readFile = (file) => files.get(path.normalize(file)) ?? readFile(file);
  const program = ts.createProgram([...files.keys()], OPTIONS, host);
  const known = [...files.keys()].filter(
    (name) => places.has(name) || path.basename(name).startsWith('given-'),
  );
  return known.flatMap((name) => {
    const file = program.getSourceFile(name);
    if (!file) return [`${name} is not there`];
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText, start = 0 }) => {
        const line = file.getLineAndCharacterOfPosition(start).line;
        return `${places.get(name)?.[line] ?? path.relative(FOLDER, name)} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      },
    );
  });
}

/** The words of a program, without comments; a text that a page may translate is marked as one. */
function wordsOf({ code, language }: Block): { text: string; isText: boolean }[] {
  const kind = language === 'tsx' ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile('words.ts', code, ts.ScriptTarget.Latest, true, kind);
  const words: { text: string; isText: boolean }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(source);
    if (children.length > 0) children.forEach(visit);
    else if (node.kind !== ts.SyntaxKind.EndOfFileToken && node.kind !== ts.SyntaxKind.SyntaxList)
      words.push({
        text: node.getText(source).trim(),
        isText:
          ts.isStringLiteral(node) ||
          ts.isJsxText(node) ||
          ts.isTemplateMiddleOrTemplateTail(node) ||
          ts.isTemplateHead(node) ||
          ts.isNoSubstitutionTemplateLiteral(node),
      });
  };
  visit(source);
  return words.filter(({ text }) => text !== '');
}

const isChinese = (text: string): boolean => /\p{Script=Han}/u.test(text);

/** The lines of any other block, without comments. */
const linesOf = ({ code }: Block): string[] =>
  code
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)(?:#|\/\/).*$/, '').trimEnd())
    .filter((line) => line !== '');

/** Where two blocks differ by more than comments and translated texts. */
function differences(english: Block, chinese: Block): string[] {
  const places = `${english.page}:${english.line} and ${chinese.page}:${chinese.line}`;
  if (english.language !== chinese.language) return [`${places}: ${english.language}, ${chinese.language}`];
  // What a program prints, in the reader's language.
  if (english.language === 'text') return [];
  if (!COMPILED.includes(english.language)) {
    const [one, other] = [linesOf(english), linesOf(chinese)];
    if (one.length !== other.length) return [`${places}: ${one.length} lines, ${other.length} lines`];
    return one.flatMap((line, index) => {
      const twin = other[index] ?? '';
      return line === twin || isChinese(twin) ? [] : [`${places}: ${line} | ${twin}`];
    });
  }
  const [one, other] = [wordsOf(english), wordsOf(chinese)];
  if (one.length !== other.length) return [`${places}: ${one.length} words, ${other.length} words`];
  return one.flatMap((word, index) => {
    const twin = other[index] ?? { text: '', isText: false };
    const same = word.text === twin.text || (word.isText && twin.isText && isChinese(twin.text));
    return same ? [] : [`${places}: ${word.text} | ${twin.text}`];
  });
}

describe('the code in the documentation', () => {
  const blocks = PAGES.flatMap(blocksOf);
  const compiled = blocks.filter(
    ({ language, exempt }) => COMPILED.includes(language) && exempt === undefined,
  );

  it('has a Chinese twin for every English page', () => {
    expect(ENGLISH.filter((file) => !existsSync(path.join(ROOT, twinOf(file))))).toEqual([]);
  });

  it('compiles as a user would compile it', () => {
    expect(compiled.length).toBeGreaterThan(30);
    expect(complaintsAbout(sourcesOf(blocks))).toEqual([]);
  });

  it('is looked at in earnest: a wrong option, a name that is nowhere and a forgotten mark are found', () => {
    const block = (line: number, code: string, rest: Partial<Block> = {}): Block => ({
      page: 'made-up.md',
      language: 'ts',
      line,
      code,
      continues: false,
      exempt: undefined,
      given: '',
      ...rest,
    });
    const USER = "import type { AppUser } from 'express-wechat-auth';\n";
    const complaints = complaintsAbout(
      sourcesOf([
        block(1, "import { wechatAuth } from 'express-wechat-auth';\nwechatAuth({ baseUrl: '' });\n"),
        block(11, 'wechatAuth();\n', { continues: true }),
        block(21, 'wechatAuth();\n'),
        block(31, 'app.use(1);\n', { given: 'declare const app: { use(text: string): void };' }),
        block(41, "const app = { use: Number };\napp.use('1');\n", { given: 'declare const app: string;' }),
        block(51, 'nowhere();\n', { exempt: 'made up' }),
        // What one block tells the package of the app's user is true there, and nowhere else.
        block(
          61,
          `${USER}const user: AppUser = { id: 1 };\ndeclare module 'express-wechat-auth' { interface AppTypes { user: { id: 1 } } }\n`,
        ),
        block(71, `${USER}const user: AppUser = { id: 1 };\n`),
      ]),
    );
    expect(complaints).toEqual([
      expect.stringMatching(/^made-up.md:2 .*baseUrl/),
      expect.stringMatching(/^made-up.md:2 .*baseUrl/),
      expect.stringMatching(/^made-up.md:21 .*wechatAuth/),
      expect.stringMatching(/^made-up.md:31 .*number/),
      expect.stringMatching(/^made-up.md:72 .*openid/),
    ]);
  });

  it('is left uncompiled only where a page says why', () => {
    const exempt = blocks.filter((block) => block.exempt !== undefined);
    expect(
      exempt.filter((block) => (block.exempt ?? '').length < 5).map(({ page, line }) => `${page}:${line}`),
    ).toEqual([]);
    const counted: Record<string, number> = {};
    for (const { page } of exempt) if (ENGLISH.includes(page)) counted[page] = (counted[page] ?? 0) + 1;
    expect(counted).toEqual(NOT_COMPILED);
  });

  it.each(ENGLISH)('is the same in both languages but for comments and texts: %s', (file) => {
    const [english, chinese] = [blocksOf(file), blocksOf(twinOf(file))];
    const marks = (each: Block[]): unknown[] =>
      each.map(({ language, continues, exempt, given }) => [
        language,
        continues,
        exempt === undefined,
        given,
      ]);
    expect(marks(chinese)).toEqual(marks(english));
    expect(english.flatMap((block, index) => differences(block, chinese[index] ?? block))).toEqual([]);
  });
});

/** What the samples of a page import, as a reader would have it installed. */
function requireSample(name: string): unknown {
  if (name === './app.js') return appSample;
  if (name === 'express-wechat-auth') return library;
  if (name === 'express-wechat-auth/emulator') return emulatorLibrary;
  if (name === 'playwright') return { chromium: { launch: launchChromium } };
  return jest.requireActual<object>(name);
}

/** `app.ts` of the page whose samples are running. */
let appSample: object = {};

/** Runs a sample where it stands; its own beforeAll, test and afterAll are Jest's. */
function runSample(code: string): object {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
    },
  });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the docs are ours
  const sample = new Function('require', 'exports', outputText) as (
    require: unknown,
    exports: object,
  ) => void;
  const exported = {};
  sample(requireSample, exported);
  return exported;
}

describe.each(['docs/testing.md', 'docs/zh-CN/testing.md'])('the samples of %s', (file) => {
  const [app = '', inJest = '', inVitest = '', inBrowser = '', ...rest] = blocksOf(file)
    .filter(({ language }) => language === 'ts')
    .map(({ code }) => code);

  it('are those that run here', () => {
    expect(inVitest).toContain("'vitest'");
    expect(rest).toEqual([]);
  });

  describe('for Jest', () => {
    appSample = runSample(app);
    runSample(inJest);
  });
  // The tests of the former sample run here once more: the two are one file.
  describeInChromium('for Playwright', () => {
    appSample = runSample(app);
    runSample(inJest + inBrowser);
  });
});

describe('the commands in the documentation', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  /** Programs that a reader has, or gets with what the page says. */
  const PROGRAMS = [
    'npm',
    'npx',
    'node',
    'curl',
    'openssl',
    'docker',
    'nginx',
    'git',
    'redis-cli',
    'export',
    '.ci/run',
  ];
  /** Packages whose own command is called by `npx`. */
  const CALLED = ['jest', 'vitest', 'tsc', 'eslint', 'prettier', 'playwright'];

  /** The commands of a text, each with where it stands. */
  const commandsIn = (text: string, place: string): { place: string; words: string[] }[] =>
    text
      .replaceAll(/\\\n\s*/g, ' ')
      .split(/\n|&&|;|\|/)
      .map((command) => ({
        place,
        words: command
          .trim()
          .replace(/^\$ /, '')
          .replace(/^(?:[A-Z_]+=\S*\s*)+/, '')
          .split(/\s+/),
      }))
      .filter(({ words: [first = ''] }) => first !== '');

  const commands = [
    ...PAGES.flatMap(blocksOf)
      .filter(({ language }) => ['sh', 'bash', 'console', 'shell'].includes(language))
      .flatMap((block) => commandsIn(linesOf(block).join('\n'), `${block.page}:${block.line}`)),
    ...PAGES.flatMap((page) =>
      [...read(page).matchAll(/`((?:npx|npm) [^`\n]+)`/g)].flatMap(([, text = '']) => commandsIn(text, page)),
    ),
  ];

  const help = async (...args: string[]): Promise<{ status: number; text: string }> => {
    const said: string[] = [];
    const say = (text: string): void => void said.push(text);
    const status = await run([...args, '--help'], {
      env: {},
      out: say,
      err: say,
      stopped: Promise.resolve(),
    });
    return { status, text: said.join('\n') };
  };

  it('are programs, and scripts that package.json has', () => {
    expect(commands.length).toBeGreaterThan(5);
    const wrong = commands.filter(({ words: [program = '', first = '', second = ''] }) => {
      if (!PROGRAMS.includes(program)) return true;
      if (program === 'npm')
        return first === 'run'
          ? !(second in scripts)
          : !['ci', 'test', 'install', 'ls', 'pack'].includes(first);
      if (program === 'npx') return ![...CALLED, 'express-wechat-auth'].includes(first);
      return false;
    });
    expect(wrong.map(({ place, words }) => `${place} ${words.join(' ')}`)).toEqual([]);
  });

  it('of this package exist, with every option that a page gives them', async () => {
    const ours = commands.filter(
      ({ words: [program, name] }) => program === 'npx' && name === 'express-wechat-auth',
    );
    expect(ours.length).toBeGreaterThan(1);
    for (const { place, words } of ours) {
      const [, , command = '', ...options] = words;
      const { status, text } = await help(command);
      expect([place, command, status]).toEqual([place, command, 0]);
      for (const option of options.filter((each) => each.startsWith('--')))
        expect([place, command, text]).toEqual([
          place,
          command,
          expect.stringContaining(option.replace(/=.*/, '')),
        ]);
    }
  });
});

describe.each(['README.md', 'README.zh-CN.md'])('the first block of %s', (file) => {
  useEmulator();

  /** What a reader has after `npm install`: the file, and the packages beside it. */
  function install(code: string): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'quickstart-'));
    mkdirSync(path.join(folder, 'node_modules'));
    for (const name of ['express', 'cookie-session'])
      symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
    symlinkSync(ROOT, path.join(folder, 'node_modules/express-wechat-auth'));
    writeFileSync(path.join(folder, 'app.mjs'), code);
    // The port of the sample may be taken here: any free one, which is told to the test.
    writeFileSync(
      path.join(folder, 'any-port.cjs'),
      `const { Server } = require('node:net');
       const listen = Server.prototype.listen;
       Server.prototype.listen = function (port, ...rest) {
         this.once('listening', () => process.send([port, this.address().port]));
         return listen.call(this, 0, ...rest);
       };`,
    );
    return folder;
  }

  it('has ten lines at most, and logs people in: inside WeChat and by QR code', async () => {
    const code = blocksOf(file)[0]?.code ?? '';
    expect(code.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10);
    const folder = install(code);
    const { official, website } = emulator.apps;
    const app = fork(path.join(folder, 'app.mjs'), {
      execArgv: ['--require', path.join(folder, 'any-port.cjs')],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {
        PATH: process.env['PATH'],
        SESSION_KEY: 'a key of the test',
        WECHAT_OPEN_URL: emulator.url,
        WECHAT_API_URL: emulator.url,
        WECHAT_APP_ID: official.appId,
        WECHAT_APP_SECRET: official.appSecret,
        WECHAT_WEBSITE_APP_ID: website.appId,
        WECHAT_WEBSITE_APP_SECRET: website.appSecret,
      },
    });
    try {
      const ended = once(app, 'exit').then(([status]) => {
        throw new Error(`the app ended with ${String(status)}`);
      });
      const [[asked, port]] = (await Promise.race([once(app, 'message'), ended])) as [[number, number]];
      ended.catch(() => undefined);
      expect(asked).toBe(3000);
      const url = `http://127.0.0.1:${port}`;
      for (const browser of [Browser.inWechat(url), Browser.onDesktop(url)]) {
        expect(goesToWechat(emulator, await browser.follow('/me'))).toBe(true);
        const page = await browser.logIn(emulator, '/me');
        expect([page.status, page.json()]).toEqual([
          200,
          expect.objectContaining({ nickname: expect.any(String) as string }),
        ]);
      }
    } finally {
      const gone = once(app, 'exit');
      app.kill();
      await gone;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
