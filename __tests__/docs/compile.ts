/** Compiles the blocks of the pages as a user's tsc would: against the built types of the package. */
import path from 'node:path';
import ts from 'typescript';
import { cachingHost } from '../support/compiler/caching-host';
import { COMPILED, fileOf, type Block } from './blocks';
import { ROOT } from './pages';

/** The names that a file declares at its top level, imports included. */
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
  /** File → the place in a page of each of its lines. */
  readonly places: ReadonlyMap<string, readonly string[]>;
}

/**
 * The folder of the blocks' files, which exists only for the compiler. It is inside this repository, so that
 * the compiler finds node_modules.
 */
const FOLDER = path.join(ROOT, 'docs-code');

const isGiven = (file: string): boolean => path.basename(file).startsWith('given-');
/** Whether a file declares what the page of a block gives. */
const isGivenFor = (block: string, file: string): boolean =>
  isGiven(file) && path.dirname(file) === path.dirname(block);

const AUGMENTS = /^declare (?:module|global)\b/m;

/**
 * Makes a file of each block with the blocks that it continues, and a file of the declarations of its page.
 */
function sourcesOf(blocks: readonly Block[]): Sources {
  const files = new Map<string, string>();
  const places = new Map<string, string[]>();
  let chain: { code: string; places: string[] } = { code: '', places: [] };
  for (const block of blocks.filter(({ language }) => COMPILED.includes(language))) {
    const { page, language, code, line, given } = block;
    const folder = path.join(FOLDER, page.replaceAll(/[^\w-]/g, '_'));
    const fileName = fileOf(block);
    if (block.exempt !== undefined) {
      // Other blocks may import it. Its own errors do not count, and what it augments stays out.
      const file = path.join(folder, fileName ?? '');
      if (fileName !== undefined && !files.has(file) && !AUGMENTS.test(code))
        files.set(file, `export {};\n${code}`);
      continue;
    }
    const own = code.split('\n').map((_, index) => `${page}:${line + index}`);
    const before = block.continues ? chain : { code: '', places: [] };
    chain = { code: before.code + code, places: [...before.places.slice(0, -1), ...own] };
    const declared = namesIn(chain.code);
    const imported = [...namesIn(given)].filter((each) => !declared.has(each));
    const head = imported.length > 0 ? `import { ${imported.join(', ')} } from './given-${line}';` : '';
    if (imported.length > 0)
      files.set(
        path.join(folder, `given-${line}.ts`),
        `${given}\nexport { ${[...namesIn(given)].join(', ')} };`,
      );
    const text = `${head}export {};\n${chain.code}`;
    const name = path.join(folder, `${line}.${language}`);
    files.set(name, text);
    places.set(name, [page, ...chain.places]);
    if (fileName !== undefined) files.set(path.join(folder, fileName), text);
  }
  return { files, places };
}

/** The settings of `tsc --init`, without node's types: those of express bring them. Some blocks are tests for Jest. */
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noUncheckedSideEffectImports: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
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
  types: ['jest'],
  paths: {
    'express-wechat-auth': [path.join(ROOT, 'dist/index.d.ts')],
    'express-wechat-auth/emulator': [path.join(ROOT, 'dist/emulator/index.d.ts')],
    // The same API, without the browsers that playwright downloads.
    playwright: [path.join(ROOT, 'node_modules/playwright-core/index.d.ts')],
  },
};

/**
 * The compiler's errors, each with its place in a page. A block that augments a module is compiled alone,
 * because the augmentation would apply to all other blocks.
 */
export function errorsIn(blocks: readonly Block[]): string[] {
  const { files, places } = sourcesOf(blocks);
  const augmenting = [...places.keys()].filter((name) => AUGMENTS.test(files.get(name) ?? ''));
  const only = (isWanted: (name: string) => boolean): Sources => ({
    files: new Map([...files].filter(([name]) => isWanted(name))),
    places,
  });
  return [
    only((name) => !augmenting.includes(name)),
    ...augmenting.map((each) => only((name) => name === each || isGivenFor(each, name))),
  ].flatMap(errorsOf);
}

const outsideFiles = new Map<string, ts.SourceFile>();

function errorsOf({ files, places }: Sources): string[] {
  const program = ts.createProgram([...files.keys()], OPTIONS, hostOf(files));
  return [...files.keys()]
    .filter((name) => places.has(name) || isGiven(name))
    .flatMap((name) => {
      const file = program.getSourceFile(name);
      if (!file) return [`the compiler did not read ${name}`];
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
        ({ messageText, start = 0 }) => {
          const { line } = file.getLineAndCharacterOfPosition(start);
          const place = places.get(name)?.[line] ?? path.relative(FOLDER, name);
          return `${place} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
        },
      );
    });
}

/** A compiler host that has the files of the blocks in memory. */
function hostOf(files: ReadonlyMap<string, string>): ts.CompilerHost {
  // The files of packages are parsed once: the options are the same for every program.
  const host = cachingHost(OPTIONS, () => outsideFiles);
  const getSourceFile = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  const directoryExists = host.directoryExists?.bind(host);
  const readFile = host.readFile.bind(host);
  host.getSourceFile = (file, version, ...rest) => {
    const text = files.get(path.normalize(file));
    return text === undefined
      ? getSourceFile(file, version, ...rest)
      : ts.createSourceFile(file, text, version, true);
  };
  host.fileExists = (file) => files.has(path.normalize(file)) || fileExists(file);
  host.directoryExists = (folder) =>
    path.normalize(folder).startsWith(FOLDER) || (directoryExists?.(folder) ?? true);
  host.readFile = (file) => files.get(path.normalize(file)) ?? readFile(file);
  return host;
}
