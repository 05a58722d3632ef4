// Much of the text that the library matches comes from outside, and an attacker may have written it: headers,
// queries, error texts. So each of its regular expressions takes time linear in the length of the text
// (CWE-1333), and none is built from text that is not constant.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const LIB = path.resolve(__dirname, '../lib');

interface Found {
  /** Every regular expression, as a literal, and the place where it occurs first. */
  readonly literals: ReadonlyMap<string, string>;
  /** Where one is built from something that is not a constant. */
  readonly built: readonly string[];
}

function search(files: readonly (readonly [name: string, text: string])[]): Found {
  const literals = new Map<string, string>();
  const built: string[] = [];
  for (const [name, text] of files) {
    const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node) || makesRegExp(node)) {
        const place = `${name}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
        const literal = literalOf(node, file);
        if (literal === undefined) built.push(place);
        else if (!literals.has(literal)) literals.set(literal, place);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return { literals, built };
}

/** `new RegExp(x)`, `RegExp(x)`, and a string that `match` or `search` turns into a regular expression. */
function makesRegExp(node: ts.Node): node is ts.NewExpression | ts.CallExpression {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return false;
  const { expression, arguments: [argument] = [] } = node;
  if (ts.isIdentifier(expression)) return expression.text === 'RegExp';
  return (
    ts.isPropertyAccessExpression(expression) &&
    ['match', 'matchAll', 'search'].includes(expression.name.text) &&
    argument !== undefined &&
    (ts.isStringLiteralLike(argument) || ts.isTemplateExpression(argument))
  );
}

/** `/source/flags` of an expression that is a regular expression and constant. */
function literalOf(node: ts.Node, file: ts.SourceFile): string | undefined {
  if (ts.isRegularExpressionLiteral(node)) return node.text;
  if (ts.isIdentifier(node)) return literalOf(declarationOf(node, file) ?? file, file);
  if (!makesRegExp(node)) return undefined;
  const [source, flags] = node.arguments ?? [];
  const given = source && literalOf(source, file);
  if (given !== undefined) return given;
  const [pattern, suffix] = [source && textOf(source, file), flags ? textOf(flags, file) : ''];
  return pattern === undefined || suffix === undefined ? undefined : String(new RegExp(pattern, suffix));
}

/** The value of an expression that is a string and constant. */
function textOf(node: ts.Expression, file: ts.SourceFile): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isIdentifier(node)) {
    const declared = declarationOf(node, file);
    return declared && textOf(declared, file);
  }
  if (ts.isPropertyAccessExpression(node) && node.name.text === 'source')
    return literalOf(node.expression, file)?.replace(/^\/|\/\w*$/g, '');
  if (!ts.isTemplateExpression(node)) return undefined;
  const parts = node.templateSpans.map(({ expression, literal }) => [textOf(expression, file), literal.text]);
  return [node.head.text, ...parts.flat()].reduce<string | undefined>(
    (text, part) => (text === undefined || part === undefined ? undefined : text + part),
    '',
  );
}

/** The value of a `const` at the top of the file. */
function declarationOf({ text }: ts.Identifier, file: ts.SourceFile): ts.Expression | undefined {
  return file.statements
    .filter((statement) => ts.isVariableStatement(statement))
    .flatMap(({ declarationList }) =>
      declarationList.flags & ts.NodeFlags.Const ? declarationList.declarations : [],
    )
    .find(({ name }) => ts.isIdentifier(name) && name.text === text)?.initializer;
}

const FILES = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .map((name) => [name.replaceAll(path.sep, '/'), readFileSync(path.join(LIB, name), 'utf8')] as const);

const { literals, built } = search(FILES);

const SLOW = [
  ['/\\/+$/', 'tries every slash of a run again'],
  ['/^\\s*(.*?)\\s*$/', 'shares blanks between its quantifiers'],
  ['/(a+)+$/', 'nests quantifiers'],
  ['/^.*id.*$/', 'finds its word in many places'],
] as const;

/**
 * How the time grows with the length of the text, for each literal: `safe` if it is linear. recheck runs in a
 * process of its own, because it takes ten times as long in the sandbox of Jest. Its native program takes a fifth of
 * the time, but is an optional dependency: without it, recheck runs in Java or JavaScript. It tries random texts if
 * a literal looks around, so the seed is given: otherwise its verdict on `/(?<!\/)\/+$/` was wrong now and
 * then.
 */
function growthOf(checked: readonly string[]): ReadonlyMap<string, string> {
  const script = `
    const { check } = require('recheck');
    const growthOf = async (literal) => {
      const [, source, flags] = /^\\/([^]*)\\/(\\w*)$/.exec(literal);
      const { status, complexity } = await check(source, flags, { timeout: 100_000, randomSeed: 1 });
      return [literal, status === 'safe' ? status : (complexity?.summary ?? status)];
    };
    (async () => {
      const growth = [];
      for (const literal of JSON.parse(require('node:fs').readFileSync(0, 'utf8')))
        growth.push(await growthOf(literal));
      process.stdout.write(JSON.stringify(growth));
    })();`;
  const output = execFileSync(process.execPath, ['-e', script], {
    cwd: LIB,
    encoding: 'utf8',
    input: JSON.stringify(checked),
  });
  return new Map(JSON.parse(output) as [string, string][]);
}

describe('the regular expressions of the library', () => {
  let growth: ReadonlyMap<string, string>;

  beforeAll(() => {
    growth = growthOf([...literals.keys(), ...SLOW.map(([literal]) => literal)]);
  }, 300_000);

  it.each([...literals].map(([literal, place]) => ({ literal, place })))(
    '$literal of $place takes linear time',
    ({ literal }) => {
      expect(growth.get(literal)).toBe('safe');
    },
  );

  it('are built from constants only', () => {
    expect(built).toEqual([]);
  });

  it.each(SLOW)('would not include %s, which %s', (literal) => {
    expect(growth.get(literal)).toMatch(/polynomial|exponential/);
  });

  it('are found wherever they stand', () => {
    const text = [
      'const A = /x/g;',
      "const NAME = 'id';",
      "text.split(/y/).map((part) => part.replace(/z/, ''));",
      "new RegExp(`(?:${A.source})${NAME}=`, 'i');",
      'new RegExp(A); RegExp("a+");',
      'new RegExp(secret, "g");',
      'RegExp(`${secret}`);',
      'new RegExp("a", flags);',
      "text.match('b+'); text.matchAll(`${secret}`); text.search(/x/g);",
    ].join('\n');
    expect(search([['a.ts', text]])).toEqual({
      literals: new Map([
        ['/x/g', 'a.ts:1'],
        ['/y/', 'a.ts:3'],
        ['/z/', 'a.ts:3'],
        ['/(?:x)id=/i', 'a.ts:4'],
        ['/a+/', 'a.ts:5'],
        ['/b+/', 'a.ts:9'],
      ]),
      built: ['a.ts:6', 'a.ts:7', 'a.ts:8', 'a.ts:9'],
    });
    expect(literals.size).toBeGreaterThan(80);
  });
});
