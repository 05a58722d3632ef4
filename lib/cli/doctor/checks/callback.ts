/** Checks the callback: whether the app still knows the login that it started. */
import { WechatAuthError, type WechatErrorKind } from '../../../errors';
import { CAUSES } from '../../../middleware/failures/lost-session/causes';
import { bilingual, type Bilingual } from '../../bilingual';
import { UnreachableError } from '../probe/http-probe';
import { probeCallback, type CallbackOutcome, type StartedLogin } from '../probe/login-probe';
import { callbackPath, type Site } from '../probe/site';
import { failed, ok, skipped, warning, type Finding } from '../report/check-list';
import { untrustedText } from '../report/untrusted-text';
import { isCookieLost } from './cookies';
import { errorKindFailed } from './login';
import { FIX_REDIRECT_URI } from './redirect-uri';

const ID = 'callback';

/** @param redirectURI the finding about the redirect URI; if it failed, no callback is requested */
export async function checkCallback(
  site: Site,
  logins: readonly StartedLogin[],
  redirectURI: Finding,
): Promise<Finding> {
  if (redirectURI.status === 'failed') return skipped(ID, TEXTS.notTried);
  try {
    const findings = logins.map(async (login) => judge(site, login, await probeCallback(login)));
    return worst(await Promise.all(findings));
  } catch (error) {
    if (error instanceof UnreachableError) return failed(ID, error);
    throw error;
  }
}

function judge(site: Site, login: StartedLogin, outcome: CallbackOutcome): Finding {
  switch (outcome.kind) {
    case 'known':
      return ok(ID, TEXTS.known);
    case 'lost':
      return failed(ID, isCookieLost(site, login) ? TEXTS.cookieLost : TEXTS.sessionGone);
    case 'malformed':
      return failed(ID, TEXTS.malformed(untrustedText(outcome.redirectURI)));
    case 'unrecognized':
      return outcome.isSecond
        ? warning(ID, TEXTS.ownErrorPage(outcome.status))
        : failed(ID, TEXTS.notOurs(callbackPath(site), outcome.status));
    case 'error':
      return judgeErrorKind(outcome.error, outcome.status);
  }
}

function judgeErrorKind(kind: WechatErrorKind, status: number): Finding {
  const { remedy } = new WechatAuthError(kind, '');
  switch (kind) {
    case 'busy':
    case 'rate_limit':
      return warning(ID, { detail: knewLoginBut(TEXTS.wechatBusy(kind)), remedy });
    case 'credentials':
      return failed(ID, { detail: knewLoginBut(TEXTS.wrongCredentials), remedy });
    case 'timeout':
    case 'network':
    case 'bad_answer':
      return failed(ID, { detail: knewLoginBut(TEXTS.wechatNotReached(kind)), remedy });
    case 'state_unknown':
    case 'access_denied':
      return failed(ID, TEXTS.queryLost(kind));
    default:
      return errorKindFailed(ID, kind, status);
  }
}

function knewLoginBut({ en, zh }: Bilingual): Bilingual {
  return bilingual(`the app knew its login, but ${en}`, `应用认出了登录，但${zh}`);
}

function worst(findings: readonly Finding[]): Finding {
  const order = ['failed', 'warning', 'skipped', 'ok'];
  return findings.reduce((a, b) => (order.indexOf(b.status) < order.indexOf(a.status) ? b : a));
}

const GONE = CAUSES.gone();
const LOST = bilingual('the session had lost the login (login_loop)', '会话中已没有这次登录（login_loop）');

const TEXTS = {
  notTried: bilingual('not tried: first correct the callback address', '未尝试：请先更正回调地址'),
  known: bilingual(
    'the app knew its login, and WeChat refused the made-up code',
    '应用认出了自己发起的登录，微信拒绝了编造的 code',
  ),
  cookieLost: {
    detail: LOST,
    remedy: bilingual('First fix the cookie: see above.', '请先修复 cookie：见上文。'),
  },
  sessionGone: {
    detail: bilingual(`${LOST.en}: ${GONE.what.en}`, `${LOST.zh}：${GONE.what.zh}`),
    remedy: GONE.remedy,
  },
  malformed: (redirectURI: string) => ({
    detail: bilingual(
      `the app restarted the login with the redirect URI "${redirectURI}", which is not an address`,
      `应用重新发起登录时，回调地址 "${redirectURI}" 不是有效地址`,
    ),
    remedy: FIX_REDIRECT_URI,
  }),
  ownErrorPage: (status: number) => ({
    detail: bilingual(
      `cannot tell: the app responds to failed logins itself (onError, HTTP ${status})`,
      `无法判断：应用自行处理了登录失败（onError，HTTP ${status}）`,
    ),
    remedy: bilingual('Log in once by hand.', '请手动登录一次来确认。'),
  }),
  notOurs: (path: string, status: number) => ({
    detail: bilingual(
      `${path} responds with HTTP ${status}, and is not a callback route of this package`,
      `${path} 返回 HTTP ${status}，不是本包的回调路由`,
    ),
    remedy: bilingual(
      'Let the proxy pass this path on to the app, with its query. No other handler may take it.',
      '请让代理把该路径连同查询参数转发给应用，也不要让其他路由先处理它。',
    ),
  }),
  wechatBusy: (kind: string) => bilingual(`WeChat responded with ${kind}`, `微信返回 ${kind}`),
  wrongCredentials: bilingual(
    "WeChat refused the app's own AppID or AppSecret",
    '微信拒绝了应用自己的 AppID 或 AppSecret',
  ),
  wechatNotReached: (kind: string) =>
    bilingual(
      `it did not reach WeChat from its own machine (${kind})`,
      `它所在的机器没有连上微信（${kind}）`,
    ),
  queryLost: (kind: string) => ({
    detail: bilingual(`code or state did not arrive (${kind})`, `code 或 state 没有送达（${kind}）`),
    remedy: bilingual('Let the proxy pass the query on unchanged.', '请让代理原样转发查询参数。'),
  }),
};
