/** The texts of the error pages by error kind, in Chinese and English. */
import { hasStoreFailed, type WechatError, type WechatErrorKind } from '../../errors';
import type { PageLanguage } from './page';

export type Texts = Readonly<Record<PageLanguage, { readonly title: string; readonly text: string }>>;

function texts(zhTitle: string, zh: string, enTitle: string, en: string): Texts {
  return { zh: { title: zhTitle, text: zh }, en: { title: enTitle, text: en } };
}

const LATER = texts(
  '微信暂时没有响应',
  '请稍后再试。',
  'WeChat is not responding',
  'Please try again in a moment.',
);
const BUSY = texts(
  '现在登录的人很多',
  '请稍后再试。',
  'Many people are logging in right now',
  'Please try again in a moment.',
);
const EXPIRED = texts(
  '登录已失效',
  '这次登录已过期或已被使用，请重新登录。',
  'This login has expired',
  'It took too long or was already used. Please log in again.',
);
const MISCONFIGURED = texts(
  '登录暂不可用',
  '网站的登录配置有误，请联系网站管理员。',
  'Login is not available',
  'The login of this site is not set up correctly. Please tell the operator of the site.',
);
const LOST = texts(
  '登录没有完成',
  '浏览器里没有这次登录的记录，请重新登录。',
  'The login was not completed',
  'Your browser has no record of this login. Please log in again.',
);
const NOT_WAITING = texts(
  '登录没有完成',
  '这次登录不是由本站发起的，或已失效，请重新登录。',
  'The login was not completed',
  'This site did not start this login, or no longer waits for it. Please log in again.',
);
const STORE_FAILED = texts(
  '登录没有完成',
  '网站暂时无法保存登录信息，请稍后再试。',
  'The login was not completed',
  'This site cannot save your login at the moment. Please try again later.',
);
const FAILED = texts('登录失败', '请重新登录。', 'The login failed', 'Please log in again.');

/** The text for the user, by the kind of the error. */
const TEXTS: Readonly<Partial<Record<WechatErrorKind, Texts>>> = {
  busy: BUSY,
  timeout: LATER,
  network: LATER,
  bad_answer: LATER,
  rate_limit: LATER,
  code_invalid: EXPIRED,
  code_used: EXPIRED,
  reauthorize: EXPIRED,
  credentials: MISCONFIGURED,
  config: MISCONFIGURED,
  session_missing: MISCONFIGURED,
  unionid_missing: MISCONFIGURED,
  state_unknown: NOT_WAITING,
  login_loop: LOST,
  token_store: STORE_FAILED,
  access_denied: texts(
    '你已取消登录',
    '未经你的同意，网站不会获得任何信息。',
    'You cancelled the login',
    'Without your consent, this site gets no information about you.',
  ),
  login_refused: texts(
    '无法登录',
    '该账号不能登录本站。',
    'You cannot log in',
    'This account cannot log in to this site.',
  ),
  login_failed: texts(
    '登录没有完成',
    '网站处理登录时出错，请稍后再试。',
    'The login was not completed',
    'An error occurred on this site. Please try again later.',
  ),
  scope: texts(
    '需要你的授权',
    '本页需要你的昵称和头像，请重新登录并点击「允许」。',
    'Your consent is needed',
    'This page needs your nickname and picture. Please log in again and tap “Allow”.',
  ),
  snapshot_user: texts(
    '请使用完整服务',
    '当前是微信的网页快照，无法登录。请点击右下角的「使用完整服务」，再继续操作。',
    'Please use the full service',
    'This is a snapshot of the page, in which you cannot log in. ' +
      'Tap 「使用完整服务」 (use the full service) at the bottom right, then continue.',
  ),
  user_limited: texts(
    '账号受限',
    '该微信账号目前受到限制，请在微信中查看原因。',
    'This account is restricted',
    'WeChat has restricted this account. Please look up the reason in WeChat.',
  ),
  forbidden: texts(
    '没有权限',
    '你没有访问此页面的权限。',
    'No access',
    'You do not have permission to open this page.',
  ),
  unauthenticated: texts(
    '请先登录',
    '登录后即可访问此页面。',
    'Please log in',
    'This page is for users who are logged in.',
  ),
};

export function textsOf(error: Pick<WechatError, 'kind' | 'status'>): Texts {
  return hasStoreFailed(error) ? STORE_FAILED : (TEXTS[error.kind] ?? FAILED);
}

/** A relay does not know the app that started the login. */
export const RELAY_REFUSED = texts(
  '无法返回应用',
  '发起登录的应用不在本站允许的名单中，请联系该应用的管理员。',
  'This login cannot continue',
  'This site does not know the app that started the login. Please tell the operator of that app.',
);
