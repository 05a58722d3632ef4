// docs/observability.md lists every debug namespace, every diagnostics channel and its fields, and no others.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { memberNames, nestedMemberNames } from '../support/compiler/types';
import { read } from './blocks';
import { ROOT } from './pages';

const PAGES = ['docs/observability.md', 'docs/zh-CN/observability.md'] as const;

/** The cells of every row whose first cell starts with this text. */
function rowsOf(page: string, start: string): string[][] {
  return read(page)
    .split('\n')
    .filter((line) => line.startsWith(`| \`${start}`))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, ...cells]) => cells);
}

/** Dependencies that use `debug` too. */
const OF_DEPENDENCIES = /^(?:agent-base|https-proxy-agent)\b/;

/** The namespaces that the modules of the library pass to `debug` when they are loaded. */
function debugNamespaces(): string[] {
  const namespaces: string[] = [];
  jest.isolateModules(() => {
    jest.doMock('debug', () => (namespace: string) => {
      if (!OF_DEPENDENCIES.test(namespace)) namespaces.push(namespace);
      return () => undefined;
    });
    const lib = path.join(ROOT, 'lib');
    for (const file of readdirSync(lib, { recursive: true, encoding: 'utf8' }))
      // cli.ts runs the command when it is loaded.
      if (file.endsWith('.ts') && file !== 'cli.ts') jest.requireActual(path.join(lib, file));
    jest.dontMock('debug');
  });
  return namespaces;
}

describe.each(PAGES)('%s', (page) => {
  it('names every debug namespace', () => {
    const namespaces = debugNamespaces();
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
    expect(Object.fromEntries(rows)).toEqual(nestedMemberNames('WechatAuthEvents'));
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
    const channels = memberNames('WechatAuthEvents');
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
