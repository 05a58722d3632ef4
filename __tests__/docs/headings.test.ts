// The headings of a page and of its translation name the same things. Their words differ, but neither code nor the
// names of products and protocols are translated.
import { ENGLISH, proseOf, translationOf } from './pages';

/** English names that have a Chinese name → the character or word that every Chinese name of them contains. */
const CHINESE_NAMES: Readonly<Record<string, string>> = {
  API: '接口',
  Back: '返回',
  DevTools: '开发者工具',
  Pay: '支付',
  QR: '二维码',
  URL: '地址',
};
/** English names and parts of names that no Chinese heading needs to repeat. */
const NEEDS_NO_NAME = ['I', 'WeChat'];

/** English headings whose translations leave out names, because the text below them begins with these. */
const SHORTER_IN_CHINESE = [
  'Companies outside mainland China',
  'Containers (Docker)',
  'Keep Passport for other strategies',
  'Scaling: several processes, Redis, token storage',
  'Website app: AppID, AppSecret and callback domain',
];

const headingsOf = (page: string): string[] =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);

const codeIn = (heading: string): string[] => [...heading.matchAll(/`[^`]*`/g)].map(([code]) => code).sort();

/** In English, the words whose capital letter is not that of a heading's first word. */
function namesIn(english: string): string[] {
  const words = english.match(/[A-Za-z][\w.-]*\w|[A-Za-z]/g) ?? [];
  const isName = (word: string, at: number): boolean =>
    /[A-Z]/.test(word.slice(1)) || (at > 0 && /^[A-Z]/.test(word));
  return words.filter(isName).filter((word) => !NEEDS_NO_NAME.includes(word));
}

/** What only one of the two headings names. */
function differences(english: string, chinese: string): string[] {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_-]/g, ' ');
  const missing = SHORTER_IN_CHINESE.includes(english)
    ? []
    : namesIn(english).filter(
        (name) => !plain(chinese).includes(plain(name)) && !chinese.includes(CHINESE_NAMES[name] ?? name),
      );
  // 「iframe」 is the word of Chinese developers for a frame.
  const latin = (chinese.match(/[A-Za-z][\w.-]*/g) ?? []).map((word) => word.replace(/^iframe$/, 'frame'));
  const added = latin.filter((word) => !plain(english).includes(plain(word)));
  const isSameCode = codeIn(english).join() === codeIn(chinese).join();
  return [...missing, ...added, ...(isSameCode ? [] : [...codeIn(english), ...codeIn(chinese)])];
}

describe('the headings', () => {
  it.each(ENGLISH)('name the same things in both languages: %s', (page) => {
    const [english, chinese] = [headingsOf(page), headingsOf(translationOf(page))];
    expect(chinese).toHaveLength(english.length);
    const wrong = english.map((heading, at) => [
      heading,
      chinese[at],
      differences(heading, chinese[at] ?? ''),
    ]);
    expect(wrong.filter(([, , names]) => names?.length)).toEqual([]);
  });

  it('are compared by names and code', () => {
    expect(differences('HTTPS', 'TLS')).toEqual(['HTTPS', 'TLS']);
    expect(differences('The Emulator object', '控制')).toEqual(['Emulator']);
    expect(differences('Options of `wechatAuth()`', '`wechatRelay()` 的选项')).toContain('`wechatRelay()`');
    expect(differences('Invalid refresh token in WeChat', '微信里的 refresh_token 无效')).toEqual([]);
  });

  it('have no exception that is out of date', () => {
    const all = ENGLISH.flatMap(headingsOf);
    expect(SHORTER_IN_CHINESE.filter((heading) => !all.includes(heading))).toEqual([]);
    const names = all.flatMap(namesIn);
    expect(Object.keys(CHINESE_NAMES).filter((name) => !names.includes(name))).toEqual([]);
  });
});
