import type { Phrase } from '../pages/language';
import type { EmulatorSwitches } from '../world/switches';

/** What each switch does, in a line; the compiler keeps the list complete. */
export const SWITCH_TEXTS: Readonly<Record<keyof EmulatorSwitches, Phrase>> = {
  consent: { zh: '授权页：询问、直接允许、直接拒绝', en: 'Consent page: ask, allow at once, refuse at once' },
  client: { zh: '授权页是否只认微信的 User-Agent', en: 'Whether authorize insists on WeChat’s User-Agent' },
  denial: {
    zh: '拒绝之后：不跳转、只带 state、code=authdeny',
    en: 'After a refusal: no redirect, state only, code=authdeny',
  },
  doubleCallback: {
    zh: '安卓回调两次：同一个 code，或两个',
    en: 'Android calls back twice: one code, or two',
  },
  recentLogin: { zh: '允许过的人是否再问', en: 'Whether who allowed once is asked again' },
  snapshot: { zh: '谁会看到网页快照页', en: 'Who is shown the snapshot page' },
  snapshotFlag: { zh: '虚拟用户是否带 is_snapshotuser', en: 'Whether virtual users carry is_snapshotuser' },
  snapshotUserinfo: {
    zh: '虚拟用户的资料：可读，或 48001',
    en: 'Profile of a virtual user: given, or 48001',
  },
  suffix: { zh: 'errmsg 的后缀', en: 'What follows an errmsg' },
  errcodeZero: { zh: '成功时也带 errcode: 0', en: 'errcode: 0 in successes too' },
  dirtyNicknames: { zh: '昵称里都带裸控制字符', en: 'Raw control characters in every nickname' },
  unionid: { zh: '关闭：没有任何 unionid', en: 'Off: no unionid anywhere' },
  parameterOrder: {
    zh: '授权链接的参数顺序是否严格',
    en: 'Whether the order of authorize’s parameters is strict',
  },
  missingState: { zh: '没有 state 时：空值、不带、10013', en: 'Without a state: empty, absent, 10013' },
  expiredCode: { zh: '过期 code 的错误码', en: 'What an expired code answers' },
  burnOnMismatch: { zh: '别的 appid 用过 code 即作废', en: 'Another app’s id spends the code' },
  burnOnWrongSecret: { zh: 'secret 错误时 code 即作废', en: 'A wrong secret spends the code' },
  refreshRotation: {
    zh: '过期后刷新时换新 refresh_token',
    en: 'Refreshing after expiry changes the refresh token',
  },
  loginVoidsRefreshTokens: {
    zh: '重新登录使旧 refresh_token 失效',
    en: 'A new login voids earlier refresh tokens',
  },
  baseReadsUserinfo: { zh: 'snsapi_base 也能读资料', en: 'A base token reads the profile' },
  trouble: { zh: '接口全部返回 -1 或 45011', en: 'Every API answers -1 or 45011' },
  requireHttps: { zh: 'http 调用接口返回 43003', en: 'APIs over http answer 43003' },
  redirectStatus: { zh: '回调跳转的状态码', en: 'Status of the redirect to the app' },
  pollHold: { zh: '长轮询保持多久（毫秒）', en: 'How long a poll is held, in ms' },
};
