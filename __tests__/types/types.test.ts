// Every `*.types.ts` of this folder must compile: what it expects to be refused, must be.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const TESTS = path.resolve(__dirname, '..');

function settings(): ts.ParsedCommandLine {
  const file = path.join(TESTS, 'tsconfig.json');
  return ts.parseJsonConfigFileContent(
    ts.readConfigFile(file, (name) => ts.sys.readFile(name)).config,
    ts.sys,
    TESTS,
  );
}

/** What the compiler says of some files, and only of them. */
function diagnosticsOf(files: readonly string[], host?: ts.CompilerHost): string[] {
  const program = ts.createProgram(files, settings().options, host);
  return files.flatMap((name) => {
    const file = program.getSourceFile(name);
    if (!file) return [`${name} is not there`];
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

  it('let through what is right, and refuse what is wrong', () => {
    expect(files).toContain(path.join(__dirname, 'oauth.types.ts'));
    expect(diagnosticsOf(files)).toEqual([]);
  });

  it('are looked at in earnest: a wrong line, and a line wrongly expected to be wrong, are found', () => {
    const name = path.join(__dirname, 'made-up.types.ts');
    const text = [
      "import { OAuth } from '../../lib';",
      "const oauth = new OAuth('wx', 42);",
      '// @ts-expect-error there is nothing wrong with it',
      "void oauth.getUser('openid');",
    ].join('\n');
    const host = ts.createCompilerHost(settings().options);
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
