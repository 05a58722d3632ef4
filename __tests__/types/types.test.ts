// Every `*.types.ts` file of this folder compiles, and the compiler refuses each line that must not compile.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { cachingHost } from '../support/compiler/caching-host';

const TESTS = path.resolve(__dirname, '..');

function settings(): ts.ParsedCommandLine {
  const file = path.join(TESTS, 'tsconfig.json');
  return ts.parseJsonConfigFileContent(
    ts.readConfigFile(file, (name) => ts.sys.readFile(name)).config,
    ts.sys,
    TESTS,
  );
}

const { options } = settings();
const parsed = new Map<string, ts.SourceFile>();

/** A compiler host for all programs here. They parse each file once: no file changes. */
function createHost(): ts.CompilerHost {
  return cachingHost(options, () => parsed);
}

/** The errors of the compiler in these files. */
function diagnosticsOf(files: readonly string[], host = createHost()): string[] {
  const program = ts.createProgram(files, options, host);
  return files.flatMap((name) => {
    const file = program.getSourceFile(name);
    if (!file) return [`${name} does not exist`];
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText, start = 0 }) =>
        `${path.basename(name)}:${file.getLineAndCharacterOfPosition(start).line + 1} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
}

describe('the types', () => {
  const files = readdirSync(__dirname)
    .filter((name) => name.endsWith('.types.ts'))
    .map((name) => path.join(__dirname, name));

  it('accept the correct lines and refuse the wrong ones', () => {
    expect(files).toContain(path.join(__dirname, 'oauth.types.ts'));
    expect(diagnosticsOf(files)).toEqual([]);
  });

  it('are checked: the compiler finds a wrong line, and a correct one that is expected to be wrong', () => {
    const name = path.join(__dirname, 'made-up.types.ts');
    const text = [
      "import { OAuth } from '../../lib';",
      "const oauth = new OAuth('wx', 42);",
      '// @ts-expect-error there is nothing wrong with it',
      "void oauth.getUser('openid');",
    ].join('\n');
    const host = createHost();
    const getSourceFile = host.getSourceFile.bind(host);
    host.getSourceFile = (file, ...rest) =>
      file === name ? ts.createSourceFile(file, text, ts.ScriptTarget.Latest) : getSourceFile(file, ...rest);
    host.fileExists = (file) => file === name || ts.sys.fileExists(file);
    expect(diagnosticsOf([name], host)).toEqual([
      expect.stringContaining(':2 '),
      expect.stringContaining(":3 Unused '@ts-expect-error' directive"),
    ]);
  });
});
