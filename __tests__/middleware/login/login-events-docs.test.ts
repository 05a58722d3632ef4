// docs/observability.md names every debug namespace, every channel and every field, and no others.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const PAGES = ['docs/observability.md', 'docs/zh-CN/observability.md'] as const;

/** The cells of every table row whose first cell starts with this text. */
function rowsOf(page: string, start: string): string[][] {
  return read(page)
    .split('\n')
    .filter((line) => line.startsWith(`| \`${start}`))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, ...cells]) => cells);
}

/** Channel → its fields, from the types. `?` marks a field that may be absent. */
function channelsOf(): Record<string, string[]> {
  const file = path.join(ROOT, 'lib/middleware/login/login-events.ts');
  const settings = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (name) => ts.sys.readFile(name));
  const { options } = ts.parseJsonConfigFileContent(settings.config, ts.sys, ROOT);
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const map = source?.statements.find(
    (node) => ts.isInterfaceDeclaration(node) && node.name.text === 'WechatAuthEvents',
  );
  if (!map) throw new Error('WechatAuthEvents is gone');
  const entries = checker.getTypeAtLocation(map).getProperties();
  return Object.fromEntries(
    entries.map((entry) => [
      entry.name,
      checker
        .getTypeOfSymbol(entry)
        .getProperties()
        .map(({ name, flags }) => (flags & ts.SymbolFlags.Optional ? `${name}?` : name))
        .sort(),
    ]),
  );
}

describe.each(PAGES)('%s', (page) => {
  it('names every debug namespace', () => {
    const sources = readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts'),
    );
    const namespaces = sources.flatMap((name) =>
      [...read(`lib/${name}`).matchAll(/createDebug\('([^']+)'\)/g)].map(([, namespace = '']) => namespace),
    );
    expect(namespaces.length).toBeGreaterThan(3);
    expect(
      rowsOf(page, 'wechat-auth:')
        .map(([name]) => name)
        .sort(),
    ).toEqual(namespaces.sort());
  });

  it('names every channel with its fields', () => {
    const rows = rowsOf(page, 'express-wechat-auth:').map(([name = '', , fields = '']) => [
      name,
      fields.split(', ').sort(),
    ]);
    expect(Object.fromEntries(rows)).toEqual(channelsOf());
  });
});

describe('the pages on observability', () => {
  it('have the same headings, rows and blocks in both languages', () => {
    const [english, chinese] = PAGES.map((page) =>
      [...read(page).matchAll(/^(#+ |\| `[^|]*|```\w*)/gm)].map(([start]) => start.trim()),
    );
    expect(english?.length).toBeGreaterThan(30);
    expect(chinese).toEqual(english);
  });

  it('subscribe only to channels that exist', () => {
    const channels = Object.keys(channelsOf());
    for (const page of PAGES) {
      const named = [...read(page).matchAll(/'express-wechat-auth:([\w.]+)'/g)].map(([, name = '']) => name);
      const listed = [...read(page).matchAll(/'((?:login|token|call)\.\w+)'/g)].map(([, name = '']) => name);
      const outcomes = [...read(page).matchAll(/for \(const outcome of \[(.*)\]\)/g)].flatMap(
        ([, list = '']) => [...list.matchAll(/'(\w+)'/g)].map(([, outcome = '']) => `login.${outcome}`),
      );
      const subscribed = [...named, ...listed, ...outcomes].map((name) => `express-wechat-auth:${name}`);
      expect(subscribed.length).toBeGreaterThan(12);
      expect(subscribed.filter((name) => !channels.includes(name))).toEqual([]);
    }
  });
});
