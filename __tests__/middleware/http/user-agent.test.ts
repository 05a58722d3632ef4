import { browserKind } from '../../../lib/middleware/http/user-agent';
import * as agents from '../../support/browsers/user-agents';

describe('browserKind()', () => {
  it.each([
    ['WeChat on an iPhone', agents.IPHONE_WECHAT, true],
    ['WeChat on Android', agents.ANDROID_WECHAT, true],
    ['WeChat on Windows', agents.WINDOWS_WECHAT, true],
    [
      'WeChat on a Mac',
      `${agents.DESKTOP_CHROME} MicroMessenger/6.8.0(0x16080000) MacWechat/3.8.5 XWEB/11581`,
      true,
    ],
    ['a web-view of a mini program', agents.MINI_PROGRAM_WEB_VIEW, true],
    ['WeCom', agents.WECOM, false],
    ['WeCom on Windows', 'wxwork/4.1.39 (MicroMessenger/6.2) WindowsWechat', false],
    ['Chrome on a PC', agents.DESKTOP_CHROME, false],
    ['Safari on an iPhone', agents.PHONE_SAFARI, false],
    ['nothing', '', false],
  ])('decides whether %s is the browser of WeChat', (_name, userAgent, expected) => {
    expect(browserKind(userAgent)).toBe(expected ? 'wechat' : 'other');
  });
});
