/** What each error kind means, in Chinese: for developers. In English it is the docstring of the kind. */
import { hasStoreFailed, type WechatError, type WechatErrorKind } from '../../errors';

/** Clauses without a full stop. Code stands between backticks. */
export const WHAT_HAPPENED: Readonly<Record<WechatErrorKind, string>> = {
  busy: '微信系统繁忙（errcode -1），或本进程过载',
  token_invalid: '微信不认可该 access_token',
  openid_invalid: 'openid 不属于本应用或该 token',
  credentials: '微信不接受这些凭据（AppID、AppSecret、IP 白名单或第三方平台）',
  code_invalid: 'code 不存在、已过期或属于其他应用',
  code_used: 'code 已经换过 token',
  reauthorize: '用户的授权已失效',
  scope: '缺少权限',
  rate_limit: '接口调用次数超出限制',
  user_limited: '微信限制了该用户',
  unknown: '微信登录的文档中未列出的 errcode',
  timeout: '在 `http.timeout` 内没有收到完整响应',
  network: '连不上微信',
  bad_answer: '响应不是来自微信，或不完整',
  no_token: '没有保存该 openid 的 token',
  token_store: 'token 存储出错',
  decryption: '小程序数据无法解密',
  config: '配置有误',
  session_missing: '没有会话，或会话存储出错',
  state_unknown: '登录不是由本应用发起的，或已失效',
  access_denied: '用户拒绝了授权，或回调地址没有带上 code（直接打开，或代理丢了查询参数）',
  login_loop: '会话 cookie 连续两次丢失',
  login_refused: '`onLogin` 或 `scanLogin.check` 拒绝了该用户',
  login_failed: '`onLogin` 自身出错，或超时（20 秒）',
  snapshot_user: '微信网页快照页的虚拟用户',
  unionid_missing: "设置了 `identity: 'unionid'`，却没有 unionid",
  unauthenticated: '没有登录',
  forbidden: '`check` 不允许该用户，或请求来自其他网站',
};

/** What this error means. Its kind alone does not say whether the store of the session failed. */
export function whatHappened(error: Pick<WechatError, 'kind' | 'status'>): string {
  return hasStoreFailed(error) ? '会话存储出错' : WHAT_HAPPENED[error.kind];
}
