import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import longest from './support/jest/longest.json';

const LIB = path.resolve(__dirname, '../lib');

/**
 * The staircase, lowest step first: a file may import only from its own step or a lower one, types included.
 */
const STEPS = [
  ['bilingual.ts', 'errors.ts', 'is-object.ts'],
  ['printable.ts'],
  ['redact.ts', 'warnings.ts'],
  ['async/'],
  ['derive-key.ts', 'lazy-cache.ts'],
  ['stores/'],
  ['oauth/'],
  ['oauth/transport/'],
  ['oauth/tokens/'],
  ['oauth/oauth-options.ts'],
  ['oauth/oauth.ts'],
  // What both sides of a relay agree on: the redirect URI, and the list that the options check.
  ['relay/redirect-uri.ts', 'relay/allow-list.ts'],
  ['middleware/http/'],
  ['middleware/state/', 'middleware/pages/', 'middleware/scan/tickets/'],
  ['middleware/options/'],
  ['middleware/context.ts'],
  ['middleware/addresses.ts'],
  ['middleware/failures/'],
  // A scan login is a login that spans two devices: each of the two folders uses the other one's steps.
  ['middleware/login/', 'middleware/scan/'],
  ['middleware/'],
  ['relay/'],
  ['index.ts'],
  ['cli/bilingual.ts'],
  ['cli/doctor/configuration.ts'],
  ['cli/doctor/report/'],
  ['cli/doctor/probe/'],
  ['cli/doctor/checks/'],
  ['cli/', 'cli.ts'],
];

/** The files that may use each package. No other package may be used. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  axios: /^oauth\/transport\/(?:axios-request|http-options)\.ts$/,
  debug: /^(?:oauth|middleware)\//,
  'escape-html': /^middleware\/pages\//,
  'fastest-levenshtein': /^middleware\/options\/unknown-option\.ts$/,
  'https-proxy-agent': /^oauth\/transport\/agents\.ts$/,
  'lru-cache': /^lazy-cache\.ts$/,
  negotiator: /^middleware\/pages\//,
  'proxy-from-env': /^oauth\/transport\/environment-proxy\.ts$/,
  uqr: /^(?:middleware\/pages|emulator)\//,
  valibot: /^(?:oauth\/transport\/response-schemas|middleware\/options\/option-schema)\.ts$/,
};

interface Import {
  readonly from: string;
  readonly to: string;
}

/**
 * Every import of every file: static, bare, dynamic, `require`, of types, re-exports, `import('x')` in a
 * type.
 */
function importsOf(root: string): Import[] {
  const files = sourceFiles(root);
  return files.flatMap((file) => {
    const source = ts.createSourceFile(
      file,
      readFileSync(path.join(root, file), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const found: Import[] = [];
    const add = (specifier: ts.Node | undefined): void => {
      // A computed module name cannot be checked, so it counts as a breach.
      const text = specifier && ts.isStringLiteralLike(specifier) ? specifier.text : '(computed)';
      found.push({ from: file, to: text.startsWith('.') ? resolve(files, file, text) : text });
    };
    const visit = (node: ts.Node): void => {
      if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier)
        add(node.moduleSpecifier);
      if (ts.isExternalModuleReference(node)) add(node.expression);
      if (ts.isImportTypeNode(node))
        add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
      if (
        ts.isCallExpression(node) &&
        (node.expression.kind === ts.SyntaxKind.ImportKeyword || isRequire(node.expression))
      )
        add(node.arguments[0]);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

function isRequire(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return isRequire(node.expression);
  return ts.isIdentifier(node) && node.text === 'require';
}

function sourceFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => file.endsWith('.ts'));
}

function resolve(files: readonly string[], from: string, specifier: string): string {
  const target = path.posix.join(path.posix.dirname(from), specifier.replace(/\.js$/, ''));
  return [`${target}.ts`, `${target}/index.ts`, target].find((file) => files.includes(file)) ?? target;
}

/**
 * The step with the longest name that the file's path begins with: `middleware/` is the step of its files
 * that have no step of their own.
 */
function stepOf(file: string): number {
  const [name] = STEPS.flat()
    .filter((step) => (step.endsWith('/') ? file.startsWith(step) : file === step))
    .sort((a, b) => b.length - a.length);
  return STEPS.findIndex((names) => name !== undefined && names.includes(name));
}

const isFile = (name: string): boolean => name.endsWith('.ts');
const inEmulator = (file: string): boolean => file.startsWith('emulator/');
/** The command starts an emulator as any user does: by the emulator's public exports. */
const isCommand = ({ from, to }: Import): boolean => from.startsWith('cli/') && to === 'emulator/index.ts';

/** Every breach of the rules, in words. */
function breaches(root: string): string[] {
  const imports = importsOf(root);
  const between = imports.filter(({ to }) => isFile(to));
  const outside = imports.filter(({ to }) => !isFile(to) && !to.startsWith('node:'));
  return [
    ...between
      .filter((found) => inEmulator(found.from) !== inEmulator(found.to) && !isCommand(found))
      .map(({ from, to }) => `${from} imports ${to}: the emulator shares nothing with the rest`),
    ...between
      .filter(({ from, to }) => !inEmulator(from) && !inEmulator(to) && stepOf(to) > stepOf(from))
      .map(({ from, to }) => `${from} imports from a higher step: ${to}`),
    ...between
      .filter(({ from, to }) => from !== 'index.ts' && to === 'index.ts')
      .map(({ from }) => `${from} imports the public exports`),
    ...imports
      .filter(({ from }) => from === 'errors.ts')
      .map(({ to }) => `errors.ts imports ${to}, but it imports nothing`),
    ...outside
      .filter(({ from, to }) => PACKAGES[to]?.test(from) !== true)
      .map(({ from, to }) => `${from} imports ${to}${builtinModules.includes(to) ? ' without node:' : ''}`),
    ...sourceFiles(root)
      .filter((file) => !inEmulator(file) && stepOf(file) < 0)
      .map((file) => `${file} has no step`),
    ...cycles(between).map((cycle) => `a cycle: ${cycle}`),
  ];
}

function cycles(imports: readonly Import[]): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, chain: readonly string[]): void => {
    const seen = chain.indexOf(file);
    if (seen >= 0) found.push([...chain.slice(seen), file].join(' > '));
    if (seen >= 0 || done.has(file)) return;
    for (const { to } of imports.filter(({ from }) => from === file)) walk(to, [...chain, file]);
    done.add(file);
  };
  for (const { from } of imports) walk(from, []);
  return found;
}

/** The most files directly in a folder, so that a reader can take them in at once. */
const MOST_FILES = 14;

function fullFolders(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(root, name))
    .concat(root)
    .filter((folder) => statSync(folder).isDirectory())
    .filter(
      (folder) =>
        readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile()).length > MOST_FILES,
    )
    .map((folder) => path.relative(root, folder));
}

const MAX_COLUMNS = 120;
/** Prettier does not wrap comments. Longer ones hold an address or a directive, which cannot be wrapped. */
const MAX_COMMENT_COLUMNS = 110;
const MAX_FUNCTION_LINES = 50;

function longLines(root: string): string[] {
  return sourceFiles(root).flatMap((file) =>
    readFileSync(path.join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, at) => (Array.from(line).length > mostColumns(line) ? [`${file}:${at + 1}`] : [])),
  );
}

function mostColumns(line: string): number {
  return /^\s*(?:\/\/|\/?\*)(?!.*(?:https?:|eslint-disable))/.test(line) ? MAX_COMMENT_COLUMNS : MAX_COLUMNS;
}

function longFunctions(root: string): string[] {
  return sourceFiles(root).flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node)) {
        const first = lineOf(node.getStart(source));
        const lines = lineOf(node.getEnd()) - first + 1;
        if (lines > MAX_FUNCTION_LINES) found.push(`${file}:${first + 1} has ${lines} lines`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

describe('the architecture', () => {
  it('has no line over 120 characters, no comment over 110 and no function over 50 lines in lib', () => {
    expect([...longLines(LIB), ...longFunctions(LIB)]).toEqual([]);
  });

  it.each(['lib', '__tests__', 'bench', 'docs', 'example-app'])(
    'has no folder of more than 14 files in %s',
    (name) => {
      expect(fullFolders(path.resolve(LIB, '..', name))).toEqual([]);
    },
  );

  it('has at most 14 files at the top of the repository', () => {
    const top = readdirSync(path.resolve(LIB, '..'), { withFileTypes: true });
    const files = top.filter((entry) => entry.isFile() && !/\.(?:log|tgz)$/.test(entry.name));
    expect(files.map((file) => file.name).slice(MOST_FILES)).toEqual([]);
  });

  it('has every suite that the tests start first', () => {
    expect(longest.length).toBeGreaterThan(0);
    const files = longest.map((name) => path.join(__dirname, `${name}.test.ts`));
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('imports only from the same or a lower step, without cycles, and each package only where it is allowed', () => {
    expect(breaches(LIB)).toEqual([]);
  });

  it('is the staircase that CONTRIBUTING.md describes', () => {
    /** The folders and files of lib on each step; steps inside one folder count as one. */
    const steps = STEPS.map((names) => [...new Set(names.map((name) => name.replace(/(?:\/.*|\.ts)$/, '')))])
      .map((names) => names.sort())
      .filter((names, at, all) => names.join() !== all[at - 1]?.join());
    const order = steps.map((names) => names.map((name) => `\`${name}\``).join(', '));
    // The shared files of a folder whose other files are on a higher step.
    const early = steps.findIndex((names, at) =>
      steps.slice(at + 1).some((later) => later.join() === names.join()),
    );
    const shared = STEPS.flat().filter((name) => name.startsWith('relay/') && name.endsWith('.ts'));
    expect([order.splice(early, 1), shared]).toEqual([['`relay`'], [expect.any(String), expect.any(String)]]);
    const text = readFileSync(path.resolve(LIB, '../CONTRIBUTING.md'), 'utf8').replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      `${order.join(' < ')}. (Two files of \`relay\` are below \`middleware\`, which needs them.)`,
    );
  });

  it('sees every kind of import, and names each breach', () => {
    const root = mkdtempSync(path.join(os.tmpdir(), 'architecture-'));
    const write = (file: string, text: string): void => {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    };
    write('errors.ts', "import type { A } from './oauth/a';");
    write('oauth/a.ts', "import './b';\nexport type { C } from '../middleware/c';");
    write('oauth/b.ts', "export const a = () => import('./a.js');\nconst axios = require('axios');");
    write('stores/s.ts', "type T = import('../oauth/a').A;\nimport fs = require('fs');");
    write(
      'middleware/c.ts',
      "import express from 'express';\nimport '../index';\nimport { e } from '../emulator/e';",
    );
    write('emulator/e.ts', "import type { X } from '../errors';\nawait import(name);");
    write('index.ts', "export * from './middleware/c';");
    write('cli/run.ts', "import '../emulator/index';\nimport '../emulator/e';");
    write('emulator/index.ts', '');
    write('common/utils.ts', '');
    try {
      expect(breaches(root).sort()).toEqual(
        [
          'errors.ts imports from a higher step: oauth/a.ts',
          'errors.ts imports oauth/a.ts, but it imports nothing',
          'oauth/a.ts imports from a higher step: middleware/c.ts',
          'oauth/b.ts imports axios',
          'stores/s.ts imports from a higher step: oauth/a.ts',
          'stores/s.ts imports fs without node:',
          'middleware/c.ts imports express',
          'middleware/c.ts imports from a higher step: index.ts',
          'middleware/c.ts imports the public exports',
          'middleware/c.ts imports emulator/e.ts: the emulator shares nothing with the rest',
          'emulator/e.ts imports errors.ts: the emulator shares nothing with the rest',
          'emulator/e.ts imports (computed)',
          'cli/run.ts imports emulator/e.ts: the emulator shares nothing with the rest',
          'common/utils.ts has no step',
          'a cycle: oauth/a.ts > oauth/b.ts > oauth/a.ts',
          'a cycle: middleware/c.ts > index.ts > middleware/c.ts',
          'a cycle: errors.ts > oauth/a.ts > middleware/c.ts > emulator/e.ts > errors.ts',
        ].sort(),
      );
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
