import { checkBaseURL } from '../../../../lib/cli/doctor/checks/base-url';
import { ENVIRONMENT } from '../../../../lib/cli/doctor/doctor-flags';
import { checkConfiguration } from '../../../../lib/cli/doctor/checks/configuration';
import type { Configuration } from '../../../../lib/cli/doctor/configuration';
import { PRESET_APPS } from '../../../../lib/emulator/world/apps/apps';
import { WECHAT } from '../../../../lib/oauth/endpoints';
import { ENVIRONMENT as OPTION_VARIABLES } from '../../../../lib/middleware/options/environment';
import { baseURLFault } from '../../../../lib/middleware/options/base-url';
import type { Finding } from '../../../../lib/cli/doctor/report/check-list';

const APP_ID = 'wx0123456789abcdef';
const SECRET = '0123456789abcdef0123456789abcdef';

interface Given {
  readonly appId?: string;
  readonly appSecret?: string;
  readonly site?: { readonly appId?: string; readonly appSecret?: string };
  readonly baseURL?: string;
  readonly open?: string;
  readonly api?: string;
  readonly accountBy?: 'host' | 'path' | 'appId';
}

function configured({
  appId,
  appSecret,
  site = {},
  baseURL = 'https://h5.example.com',
  ...given
}: Given): Configuration {
  return {
    apps: { official: { appId, appSecret }, website: { appId: site.appId, appSecret: site.appSecret } },
    baseURL,
    relay: undefined,
    hasSecretInFlag: false,
    isProduction: false,
    ...WECHAT,
    ...given,
  };
}

function find(given: Given, id: string, isAppChecked = false): Finding {
  const found = checkConfiguration(configured(given), isAppChecked).find((finding) => finding.id === id);
  if (!found) throw new Error(`no finding ${id}`);
  return found;
}

const textOf = ({ status, detail, remedy }: Finding): string =>
  `${status}: ${detail.en} → ${remedy?.en ?? ''}`;

describe('the doctor, on the configuration', () => {
  it("refuses an AppID of the emulator's with the real WeChat only, and says what to delete", () => {
    const site = { appId: PRESET_APPS.website.appId, appSecret: SECRET };
    const given = { appId: APP_ID, appSecret: SECRET, site };
    const finding = find(given, 'website-app-id');
    expect(textOf(finding)).toMatch(
      /^failed: wxeb517e0000000002 belongs to the emulator.* WECHAT_WEBSITE_APP_ID/,
    );
    expect(finding.remedy?.zh).toContain('没有网站应用就删掉这两行');
    expect(finding.remedy?.en).toContain("Ignore this if the emulator stands in for WeChat's hosts.");
    const emulated = { open: 'http://localhost:8917', api: 'http://localhost:8917' };
    expect(find({ ...given, ...emulated }, 'website-app-id').status).toBe('ok');
  });

  it('accepts an AppID, an AppSecret and a public address', () => {
    const findings = checkConfiguration(configured({ appId: APP_ID, appSecret: SECRET }), false);
    expect(findings.map(({ id, status }) => [id, status])).toEqual([
      ['app-id', 'ok'],
      ['app-secret', 'ok'],
      ['base-url', 'ok'],
      ['endpoints', 'ok'],
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['an empty one', '', /is missing → Set WECHAT_APP_ID\.$/],
    ['one in quotes', `"${APP_ID}"`, /quotes/],
    ['one in Chinese quotes', `“${APP_ID}”`, /quotes/],
    ['one with a space', `${APP_ID} `, /space/],
    ['one with a line break', `${APP_ID}\r`, /space or a line break/],
    ['one with an invisible character', `\u200b${APP_ID}`, /invisible/],
    ['an AppSecret', SECRET, /looks like an AppSecret → .*swapped/],
    ['the original id', 'gh_0123456789ab', /original id.* → The AppID begins with wx/],
    ['an id of WeCom', 'ww0123456789abcdef', /WeCom.* → .*official account or a website app/],
    ['one that is too short', 'wx0123', /is not wx and 16 characters.*has 6 characters/],
    ['capital letters', APP_ID.toUpperCase(), /is not wx and 16 characters.*has 18 characters/],
  ])('fails as AppID: %s', (_, appId, words) => {
    const finding = find({ appId, appSecret: SECRET }, 'app-id');
    expect(finding.status).toBe('failed');
    expect(textOf(finding)).toMatch(words);
    expect(finding.remedy?.zh).toMatch(/[\u4e00-\u9fff]/);
  });

  it.each<[string, string, RegExp]>([
    ['an empty one', ' ', /is missing → Set WECHAT_APP_SECRET\.$/],
    ['one in quotes', `'${SECRET}'`, /quotes/],
    ['one with a line break', `${SECRET}\n`, /space or a line break/],
    ['an AppID', APP_ID, /looks like an AppID → .*swapped/],
    ['one without its first character', SECRET.slice(1), /has 31 characters instead of 32 → .*开发密钥/],
    ['a placeholder', 'your-app-secret-goes-in-here-now', /characters other than 0-9, a-f/],
  ])('fails as AppSecret, without repeating it: %s', (_, appSecret, words) => {
    const finding = find({ appId: APP_ID, appSecret }, 'app-secret');
    expect(finding.status).toBe('failed');
    expect(textOf(finding)).toMatch(words);
    if (appSecret.trim()) expect(JSON.stringify(finding)).not.toContain(appSecret.trim());
  });

  it('only warns of ids of another form if logins do not go to WeChat', () => {
    const emulated = { open: 'http://127.0.0.1:8917', api: 'http://127.0.0.1:8917' };
    expect(find({ appId: 'wxmine', appSecret: 'secret', ...emulated }, 'app-id').status).toBe('warning');
    expect(find({ appId: 'wxmine', appSecret: 'secret', ...emulated }, 'app-secret').status).toBe('warning');
    // wechatAuth() refuses these, whatever the address.
    for (const appId of ['"wxmine"', SECRET, 'gh_0123456789ab'])
      expect(find({ appId, appSecret: 'secret', ...emulated }, 'app-id').status).toBe('failed');
  });

  it.each(['host', 'path'] as const)(
    'says that no AppSecret is given for an account named by its %s',
    (accountBy) => {
      expect(find({ accountBy }, 'app-id', true).status).toBe('skipped');
      expect(textOf(find({ accountBy }, 'app-secret', true))).toBe('skipped: not given (--app-secret -) → ');
    },
  );

  it('names the missing half of the credentials, and reports that nothing is given', () => {
    expect(textOf(find({ appId: APP_ID }, 'app-secret'))).toBe('failed: is missing → Set WECHAT_APP_SECRET.');
    expect(textOf(find({ site: { appSecret: SECRET } }, 'website-app-id'))).toBe(
      'failed: is missing → Set WECHAT_WEBSITE_APP_ID.',
    );
    expect(find({}, 'app-id').status).toBe('failed');
    expect(find({}, 'app-id', true).status).toBe('skipped');
  });

  it('reports an AppID that is given twice', () => {
    const finding = find(
      { appId: APP_ID, appSecret: SECRET, site: { appId: APP_ID, appSecret: SECRET } },
      'website-app-id',
    );
    expect(textOf(finding)).toMatch(
      /failed: is the same as the AppID of the official account → .*two different apps/,
    );
  });

  it.each<[string, string, Finding['status'], RegExp]>([
    ['a host', 'https://h5.example.com', 'ok', /h5\.example\.com/],
    ['a slash at the end', 'https://h5.example.com/', 'ok', /h5/],
    ['the default port', 'https://h5.example.com:443', 'ok', /h5/],
    ['a path that a proxy strips', 'https://h5.example.com/shop', 'ok', /shop/],
    ['no scheme', 'h5.example.com', 'failed', /not an http: or https: address/],
    ['another scheme', 'ftp://h5.example.com', 'failed', /not an http: or https: address/],
    ['quotes', '"https://h5.example.com"', 'failed', /quotes/],
    ['a space at the end', 'https://h5.example.com/shop ', 'warning', /has a space/],
    ['a line break in the path', 'https://h5.example.com/sh\nop', 'warning', /line break/],
    ['a space in the path', 'https://h5.example.com/my shop', 'failed', /has a space.* → Remove these/],
    ['a space in an encoded path', 'https://h5.example.com/%41 %42', 'failed', /has a space/],
    ['an invisible character in the path', 'https://h5.example.com/shop\u200b', 'failed', /invisible/],
    ['a port', 'https://h5.example.com:8443', 'failed', /has a port \(8443\) → .*10003/],
    ['an IP address', 'https://203.0.113.7', 'failed', /IP address → .*10003/],
    ['an IPv6 address', 'https://[2001:db8::7]', 'failed', /IP address/],
    ['a query', 'https://h5.example.com/?a=1', 'failed', /query or a fragment/],
    ['a fragment', 'https://h5.example.com/#', 'failed', /query or a fragment/],
    ['a password', 'https://me:pass@h5.example.com', 'failed', /user name or a password/],
    ['two slashes', 'https://h5.example.com//shop', 'failed', /two slashes/],
    ['an underscore', 'https://my_app.example.com', 'failed', /characters other than letters/],
    ['a dot at the end', 'https://h5.example.com.', 'failed', /characters other than/],
    ['a Chinese name', 'https://微信.example.com', 'warning', /international host name xn--/],
    [
      'an international name in ASCII',
      'https://xn--p6t607a.example.com',
      'warning',
      /international host name/,
    ],
    ['http', 'http://h5.example.com', 'warning', /not encrypted/],
    ['localhost', 'http://localhost:3000', 'warning', /localhost.*测试号/],
    ['an address of the local network', 'http://192.168.1.20:3000', 'warning', /测试号/],
    ['a name of the local network', 'http://nas.local', 'warning', /测试号/],
    ['a name without a dot', 'http://app:3000', 'warning', /测试号/],
  ])('checks the public address: %s', (_, baseURL, status, words) => {
    const finding = checkBaseURL(baseURL, true);
    expect(finding.status).toBe(status);
    expect(textOf(finding)).toMatch(words);
  });

  it('accepts more addresses if logins go to an emulator', () => {
    expect(checkBaseURL('http://127.0.0.1:3000', false).status).toBe('ok');
    expect(checkBaseURL('http://127.0.0.1:3000/?a', false).status).toBe('failed');
    expect(checkBaseURL(undefined, false).status).toBe('skipped');
    expect(textOf(checkBaseURL(undefined, true))).toMatch(
      /warning: is not given.*Host header.* → Set WECHAT_BASE_URL/,
    );
  });

  it.each([
    ...['h5.example.com', 'ftp://h5.example.com', 'https://h5.example.com/?a', 'https://h5.example.com/#'],
    ...['https://a:b@h5.example.com', 'https://h5.example.com//a', 'https://h5.example.com:8443'],
    ...[
      'https://203.0.113.7',
      'https://[2001:db8::7]',
      'https://my_app.example.com',
      'https://h5.example.com.',
    ],
    ...['http://10.example.com:8080', 'http://localhost:3000/?a'],
  ])('fails an address that wechatAuth() refuses: %s', (address) => {
    expect(baseURLFault(address, true)).toBeDefined();
    expect(checkBaseURL(address, true).status).toBe('failed');
  });

  it.each([
    ...[
      'https://h5.example.com',
      'https://H5.Example.COM/shop/',
      'http://h5.example.com:80',
      'https://微信.example.com',
    ],
    ...['http://localhost:3000', 'http://app:3000', 'http://nas.local:8080', 'http://web.internal:8080'],
    ...['http://127.0.0.1:3000', 'http://10.0.0.1:1', 'http://172.31.0.1:1', 'http://169.254.7.7:1'],
    ...[
      'http://[::1]:3000',
      'http://[fd00::7]:3000',
      'http://[fe80::7]:3000',
      'http://[::ffff:127.0.0.1]:3000',
    ],
    ...['https://h5.example.com ', 'https://h5.example.com\r\n', 'https://h5.example.com\u200b'],
  ])('does not fail an address that wechatAuth() accepts: %j', (address) => {
    expect(baseURLFault(address, true)).toBeUndefined();
    expect(checkBaseURL(address, true).status).not.toBe('failed');
  });

  it('reports every fault of an address, and each sentence of the remedies once', () => {
    const finding = checkBaseURL('http://u:p@203.0.113.7:8443//shop?a ', true);
    expect(finding.status).toBe('failed');
    expect(finding.detail.en.split('; ')).toEqual([
      'has a space or a line break in it',
      'has a query or a fragment',
      'has a user name or a password in it',
      'has two slashes in a row in its path',
      'has a port (8443)',
      'is an IP address',
      'is not encrypted (http:)',
    ]);
    expect(finding.detail.zh.split('；')).toHaveLength(7);
    for (const once of [/Write it as https/g, /the host name stands without/g, /10003/g])
      expect(finding.remedy?.en.match(once)).toHaveLength(1);
  });

  it('applies the rules of the console if only the API goes through a gateway', () => {
    const gateway = { api: 'https://gateway.example.com', baseURL: 'https://h5.example.com:8443' };
    expect(find({ appId: APP_ID, appSecret: SECRET, ...gateway }, 'base-url').status).toBe('failed');
  });

  it.each<[string, Given, Finding['status'], RegExp]>([
    ['WeChat’s own', {}, 'ok', /open\.weixin\.qq\.com, api\.weixin\.qq\.com/],
    ['another host of the API', { api: 'https://sh.api.weixin.qq.com' }, 'ok', /sh\.api/],
    ['an emulator', { open: 'http://127.0.0.1:8917', api: 'http://127.0.0.1:8917' }, 'ok', /8917/],
    [
      'an emulator for the pages alone',
      { open: 'http://127.0.0.1:8917' },
      'warning',
      /only one of the two is WeChat's own/,
    ],
    [
      'a gateway over http',
      { open: 'https://w.example.com', api: 'http://w.example.com' },
      'warning',
      /parameters in them are not encrypted/,
    ],
    ['a host without a scheme', { api: 'api.weixin.qq.com' }, 'failed', /WECHAT_API_URL is not a plain/],
    [
      'an address with a query',
      { open: 'https://open.weixin.qq.com/?a' },
      'failed',
      /WECHAT_OPEN_URL is not a plain/,
    ],
  ])('checks the addresses of WeChat: %s', (_, given, status, words) => {
    const finding = find({ appId: APP_ID, appSecret: SECRET, ...given }, 'endpoints');
    expect(finding.status).toBe(status);
    expect(textOf(finding)).toMatch(words);
  });

  it('reads the variables that wechatAuth() reads', () => {
    expect(Object.values(ENVIRONMENT).sort()).toEqual([...OPTION_VARIABLES.values()].sort());
  });
});
