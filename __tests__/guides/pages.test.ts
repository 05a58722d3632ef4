// The guides have the same content in both languages, working links, and names that exist in the code.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ERROR_KINDS } from '../../lib';
import { PageRefusal } from '../../lib/emulator';
import { emulator, useEmulator } from '../support/emulator';
import { CHINESE, ENGLISH as PAGES, ROOT, twinOf } from '../docs/pages';

const ENGLISH = PAGES.filter((page) => page.startsWith('docs/guides/'));
const ALL = ENGLISH.flatMap((file) => [file, twinOf(file)]);
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
/** A page without its code. */
const prose = (file: string): string => read(file).replace(/^```.*?^```$/gms, '');

/** The anchors that GitHub gives to headings. */
function anchorsOf(file: string): string[] {
  const text = read(file).replace(/^```.*?^```$/gms, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

describe('the guides', () => {
  it('exist in both languages', () => {
    expect(ENGLISH.length).toBeGreaterThan(8);
    const folders = ['docs/guides', 'docs/zh-CN/guides'];
    const files = folders.flatMap((folder) =>
      readdirSync(path.join(ROOT, folder)).map((name) => `${folder}/${name}`),
    );
    expect(files.sort()).toEqual([...ALL].sort());
  });

  it.each(ENGLISH)('%s has the same headings, rows and list items as its translation', (file) => {
    const shapeOf = (page: string): string[] =>
      prose(page)
        .split('\n')
        .flatMap((line) => /^(?:#+(?= )|- |\d+\. |\|)/.exec(line)?.[0] ?? [])
        .map((sign) => (/^\d/.test(sign) ? '1. ' : sign));
    expect(shapeOf(twinOf(file))).toEqual(shapeOf(file));
  });

  it.each(ENGLISH)('%s names the same options, kinds and routes as its translation', (file) => {
    const namesIn = (page: string): string[] =>
      [...new Set([...prose(page).matchAll(/`([^`\n]+)`/g)].map(([, name = '']) => name))].sort();
    expect(namesIn(twinOf(file))).toEqual(namesIn(file));
  });

  it.each(ALL)('%s has no broken link', (file) => {
    const broken = [...prose(file).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(
      ([link, target = '', anchor]) => {
        const page = target ? path.posix.join(path.posix.dirname(file), target) : file;
        const exists =
          existsSync(path.join(ROOT, page)) &&
          (anchor === undefined || anchorsOf(page).includes(decodeURIComponent(anchor)));
        return exists ? [] : [link];
      },
    );
    expect(broken).toEqual([]);
  });

  it.each(ENGLISH)(
    '%s and its translation link to pages of their own language, and to each other',
    (file) => {
      const targets = (page: string): string[] =>
        [...prose(page).matchAll(/\]\((?!https?:|#)([^)#]+\.md)/g)].map(([, target = '']) =>
          path.posix.join(path.posix.dirname(page), target),
        );
      expect(targets(file).filter((target) => CHINESE.includes(target))).toEqual([twinOf(file)]);
      expect(targets(twinOf(file)).filter((target) => !CHINESE.includes(target))).toEqual([file]);
    },
  );

  it.each(ALL)('%s names only kinds of errors and warnings that exist', (file) => {
    const text = prose(file);
    const kinds = [...text.matchAll(/kind(?:s| 为| 是)? (?:\[)?`(\w+)`/g)].map(([, kind = '']) => kind);
    expect(kinds.filter((kind) => !(ERROR_KINDS as readonly string[]).includes(kind))).toEqual([]);
    const warnings = read('docs/warnings.md');
    const codes = [...text.matchAll(/`(WECHAT_(?:COOKIE|TRUST|NO|OTHER|MEMORY|LOGIN)_\w+)`/g)];
    expect(codes.filter(([, code = '']) => !warnings.includes(code)).map(([, code]) => code)).toEqual([]);
  });
});

describe.each(['docs/guides/troubleshooting.md', 'docs/zh-CN/guides/troubleshooting.md'])('%s', (file) => {
  useEmulator();
  const headings = [...prose(file).matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading).join('\n');

  it('has a heading for every errcode that people search for', () => {
    const numbers = [
      10003, 10004, 10005, 10006, 10009, 10016, 40001, 40013, 40029, 40030, 40125, 40163, 40164,
    ];
    const rest = [40226, 40243, 42001, 42002, 45009, 45011, 48001, 50002, -1];
    const missing = [...numbers, ...rest].filter((code) => !new RegExp(`(?<!\\d)${code}\\b`).test(headings));
    expect(missing).toEqual([]);
  });

  it('has the messages of WeChat’s error pages as users see them', async () => {
    const { appId } = emulator.apps.official;
    const { appId: websiteId } = emulator.apps.website;
    const authorize = (query: Record<string, string>): string =>
      `${emulator.url}/connect/oauth2/authorize?${new URLSearchParams({
        appid: appId,
        redirect_uri: 'https://h5.example.com/callback',
        response_type: 'code',
        scope: 'snsapi_userinfo',
        state: 'a',
        ...query,
      }).toString()}#wechat_redirect`;
    const qr = (query: Record<string, string>): string =>
      authorize({ appid: websiteId, scope: 'snsapi_login', ...query }).replace(
        'oauth2/authorize',
        'qrconnect',
      );
    const shown = await Promise.all(
      [
        authorize({ appid: websiteId }),
        authorize({ scope: 'snsapi_login' }),
        authorize({ state: 'a'.repeat(235) }),
        qr({ appid: 'wx0000000000000000' }),
        qr({ scope: 'snsapi_userinfo' }),
        qr({ redirect_uri: 'h5.example.com' }),
      ].map((address) =>
        emulator.authorize(address).then(
          () => 'no error page',
          (error: unknown) => (error instanceof PageRefusal ? error.text : String(error)),
        ),
      ),
    );
    const known = headings.replace(/\s/g, '');
    expect(
      shown.filter((text) => !known.includes(text.replace(/[，,。].*$/, '').replace(/\s/g, ''))),
    ).toEqual([]);
  });
});
