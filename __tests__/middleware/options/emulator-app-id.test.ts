import { wechatAuth, type WechatAuthOptions } from '../../../lib';
import type { EmulatorApp } from '../../../lib/emulator';
import { PRESET_APPS } from '../../../lib/emulator/world/apps/apps';
import { EMULATOR_APP_IDS } from '../../../lib/middleware/options/credential-faults';
import { useWarnings } from '../../support/warnings';

const warnings = useWarnings();

const OWN = { appId: 'wx0123456789abcdef', appSecret: 'x' };
const { appId, appSecret } = PRESET_APPS.website;
const website = { appId, appSecret };
const EMULATOR = 'http://127.0.0.1:8917';

describe('an AppID of the emulator', () => {
  it('is one of its preset apps', () => {
    expect(EMULATOR_APP_IDS).toEqual(Object.values<EmulatorApp>({ ...PRESET_APPS }).map((app) => app.appId));
  });

  it.each<[string, WechatAuthOptions, string[]]>([
    [
      'a website app',
      { ...OWN, website },
      ['website app', 'WECHAT_WEBSITE_APP_ID and WECHAT_WEBSITE_APP_SECRET', '没有网站应用就删掉这两行'],
    ],
    [
      "WeChat's own address, with a slash",
      { ...OWN, website, endpoints: { open: 'https://open.weixin.qq.com/' } },
      ['website app'],
    ],
    ['an official account', { ...OWN, appId: PRESET_APPS.official.appId }, ['official account']],
    [
      'a mini program',
      { miniProgram: { appId: PRESET_APPS.miniProgram.appId, appSecret: 'x' } },
      ['mini program', 'WECHAT_MINI_PROGRAM_APP_ID'],
    ],
  ])('causes one warning with the real WeChat: %s', (_what, options, texts) => {
    wechatAuth(options);
    expect(warnings.map(({ code }) => code)).toEqual(['WECHAT_EMULATOR_APP_ID']);
    for (const text of texts) expect(warnings[0]?.message).toContain(text);
  });

  it.each<[string, WechatAuthOptions]>([
    ['with the emulator', { ...OWN, website, endpoints: { open: EMULATOR, api: EMULATOR } }],
    ['if the app has another one', { ...OWN, website: { ...website, appId: 'wxfedcba9876543210' } }],
  ])('causes no warning %s', (_what, options) => {
    wechatAuth(options);
    expect(warnings).toEqual([]);
  });
});
