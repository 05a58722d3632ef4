import { printable } from '../lib/printable';
import { warn } from '../lib/warnings';

describe('printable', () => {
  it.each([
    ['an escape sequence of a terminal', 'a\u001b[31mb', 'a\ufffd[31mb'],
    ['NUL, BEL and DEL', 'a\u0000\u0007\u007fb', 'a\ufffd\ufffd\ufffdb'],
    [
      'the C1 controls, which some terminals obey as ESC and a letter',
      'a\u0080\u009b31m\u009fb',
      'a\ufffd\ufffd31m\ufffdb',
    ],
    ['line breaks and tabs', 'a\r\nb\tc\vd\fe', 'a  b c d e'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a b c'],
    ['the next-line control of C1', 'a\u0085b', 'a\ufffdb'],
    ['direction overrides and isolates', 'a\u202eb\u202cc\u2066d\u2069e', 'a\ufffdb\ufffdc\ufffdd\ufffde'],
    ['direction marks', 'a\u200eb\u200fc\u061cd', 'a\ufffdb\ufffdc\ufffdd'],
  ])('replaces %s', (_what, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it.each(['', 'Log in', '请先登录', '👨‍👩‍👧‍👦 emoji', 'café ñ ß', '\u00a0\u3000 wide blanks', "<b>'&\\"])(
    'leaves %j as it is',
    (text) => {
      expect(printable(text)).toBe(text);
    },
  );
});

describe('a warning', () => {
  it('is printable, with each line of its stack', () => {
    const emit = jest.spyOn(process, 'emitWarning').mockImplementation();
    warn('WECHAT_LOGIN_FAILED', { en: 'a\u001b[2J\nb', zh: '\u0007出错。' }, { trace: 'c\u009b2J\nd\u202e' });
    expect(emit).toHaveBeenCalledWith('a\ufffd[2J b \ufffd出错。', {
      type: 'WechatAuthWarning',
      code: 'WECHAT_LOGIN_FAILED',
      detail: expect.stringMatching(/^c\ufffd2J\nd\ufffd\nHelp: /) as string,
    });
    emit.mockRestore();
  });
});
