import type { Phrase } from '../pages/language';
import type { EmulatorSwitches } from '../world/switches';

/** One line about each switch, for the home page. If a switch is missing here, the code does not compile. */
export const SWITCH_TEXTS: Readonly<Record<keyof EmulatorSwitches, Phrase>> = {
  consent: {
    zh: '授权页与扫码确认页：询问、直接允许、直接拒绝',
    en: 'Consent and confirm page: ask, allow at once, deny at once',
  },
  client: {
    zh: '授权页是否只认微信的 User-Agent',
    en: 'Whether the authorize page requires WeChat’s User-Agent',
  },
  denial: {
    zh: '拒绝之后：不跳转、只带 state、code=authdeny',
    en: 'After a denial: no redirect, state only, code=authdeny',
  },
  doubleCallback: {
    zh: '安卓微信回调两次：同一个 code，或两个 code',
    en: 'WeChat on Android calls back twice: with the same code, or with two codes',
  },
  recentLogin: {
    zh: '是否再次询问允许过的用户',
    en: 'Whether a person who has allowed the app is asked again',
  },
  snapshot: { zh: '谁会看到网页快照页', en: 'Who sees the snapshot page' },
  snapshotFlag: {
    zh: '虚拟用户的响应是否带 is_snapshotuser',
    en: 'Whether a virtual user’s token response has is_snapshotuser',
  },
  snapshotUserinfo: {
    zh: '读取虚拟用户的资料：成功，或返回 48001',
    en: 'Reading a virtual user’s profile: succeeds, or fails with 48001',
  },
  suffix: { zh: 'errmsg 的后缀', en: 'The suffix of an errmsg' },
  errcodeZero: { zh: '成功时也带 errcode: 0', en: 'errcode: 0 in successful responses' },
  dirtyNicknames: {
    zh: '所有昵称都带未转义的控制字符',
    en: 'Unescaped control characters in every nickname',
  },
  unionid: { zh: '设为 false 时，任何接口都不返回 unionid', en: 'false: no response has a unionid' },
  parameterOrder: {
    zh: '是否严格要求授权链接的参数顺序',
    en: 'Whether the authorize page requires the documented order of parameters',
  },
  missingState: {
    zh: '授权链接没有 state 时：回调带空 state、不带 state、错误 10013',
    en: 'Authorize without state: state= in the callback, no state, error 10013',
  },
  expiredCode: { zh: '过期 code 的错误码', en: 'The errcode of an expired code' },
  burnOnMismatch: {
    zh: '用其他 AppID 换取后，code 即作废',
    en: 'An attempt with another AppID spends the code',
  },
  burnOnWrongSecret: {
    zh: '用错误的 AppSecret 换取后，code 即作废',
    en: 'An attempt with a wrong AppSecret spends the code',
  },
  refreshRotation: {
    zh: 'access_token 过期后刷新，同时更换 refresh_token',
    en: 'Refreshing an expired access token replaces the refresh token',
  },
  loginVoidsRefreshTokens: {
    zh: '重新登录后，旧的 refresh_token 失效',
    en: 'A new login revokes earlier refresh tokens',
  },
  baseReadsUserinfo: {
    zh: 'snsapi_base 的 access_token 也能读取用户资料',
    en: 'A snsapi_base token may read the profile',
  },
  foreignOpenid: {
    zh: '用他人的 openid 读取资料：返回 40003，或忽略该 openid',
    en: 'userinfo with somebody else’s openid: 40003, or the openid is ignored',
  },
  componentToken: {
    zh: '第三方平台的 component_access_token：接受任意值，或仅接受已签发的',
    en: 'A platform’s component_access_token: any text is accepted, or only issued ones',
  },
  trouble: {
    zh: '所有接口返回 -1（busy）或 45011（quota）',
    en: 'Every API returns -1 (busy) or 45011 (quota)',
  },
  requireHttps: { zh: '用 http 调用接口时返回 43003', en: 'APIs over http return 43003' },
  redirectStatus: { zh: '回调跳转的状态码', en: 'HTTP status of the redirect to the app' },
  pollHold: {
    zh: '二维码页的一次轮询最长等待多久（毫秒）',
    en: 'How long a poll of the QR code page waits, in ms',
  },
};
