/**
 * The types that the package exports, as the compiler of a user sees them in the built declarations: for tests
 * that compare the documentation with them.
 */
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../../..');

interface Program {
  readonly checker: ts.TypeChecker;
  readonly exported: ReadonlyMap<string, ts.Symbol>;
}

let program: Program | undefined;

function load(): Program {
  const entry = path.join(ROOT, 'dist/index.d.ts');
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  // Without Node's types, which take most of the time: no name of a member depends on them.
  const compiled = ts.createProgram([entry], { ...options, rootDir: ROOT, types: [] });
  const checker = compiled.getTypeChecker();
  const source = compiled.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${entry} exports nothing`);
  const exported = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]));
  return { checker, exported };
}

/** The properties of an exported type. */
function propertiesOf(name: string): readonly ts.Symbol[] {
  program ??= load();
  const { checker, exported } = program;
  const symbol = exported.get(name);
  if (!symbol) throw new Error(`the package does not export ${name}`);
  const type = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return checker.getDeclaredTypeOfSymbol(type).getProperties();
}

export function memberNames(name: string): string[] {
  return propertiesOf(name).map((member) => member.name);
}

/**
 * The parameters of a method, as the documentation writes them: by their names, or, if the only parameter is
 * an object of options, by its members, such as `{ returnTo, data }`. `undefined` for a member that is not a
 * method.
 */
export function parametersOf(type: string, method: string): string[] | undefined {
  const symbol = propertiesOf(type).find((member) => member.name === method);
  if (!program || !symbol) throw new Error(`${type} has no ${method}`);
  const { checker } = program;
  const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures();
  if (!signature) return undefined;
  const [first, ...others] = signature.getParameters();
  if (!first || others.length > 0) return signature.getParameters().map(({ name }) => name);
  const members = checker.getNonNullableType(checker.getTypeOfSymbol(first)).getProperties();
  return members.length > 0 ? ['{', ...members.map(({ name }) => name).sort(), '}'] : [first.name];
}

/** The members of an exported type, each with the names of its own members; `?` marks an optional one. */
export function nestedMemberNames(name: string): Record<string, string[]> {
  return Object.fromEntries(
    propertiesOf(name).map((member) => [
      member.name,
      (program?.checker.getTypeOfSymbol(member).getProperties() ?? [])
        .map((inner) => (inner.flags & ts.SymbolFlags.Optional ? `${inner.name}?` : inner.name))
        .sort(),
    ]),
  );
}
