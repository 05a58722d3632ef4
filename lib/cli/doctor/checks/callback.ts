/** The way back from WeChat: whether the app still knows the login that it started. */
import { WechatAuthError, type WechatErrorKind } from '../../../errors';
import { UnreachableError } from '../probe/http-probe';
import { failed, ok, skipped, warning, type CheckId, type Finding } from '../report/check-list';
import { isCookieMissing, lossOf } from './cookies';
import { kindFailed } from './login';
import type { Site } from '../probe/site';
import { probeCallback, type Login, type CallbackOutcome } from '../probe/login-probe';
import { bilingual, type Bilingual } from '../report/bilingual';

export async function checkCallback(
  site: Site,
  sent: readonly Login[],
  redirectURI: Finding,
): Promise<Finding> {
  if (redirectURI.status === 'failed')
    return skipped(
      'callback',
      bilingual('not tried: correct the address of the callback first', '未尝试：请先更正回调地址'),
    );
  try {
    const ways = await Promise.all(
      sent.map(async (login) => judgeWayBack(site, login, await probeCallback(login))),
    );
    return worst(ways);
  } catch (error) {
    if (error instanceof UnreachableError) return failed('callback', error.detail, error.remedy);
    throw error;
  }
}

function judgeWayBack(site: Site, login: Login, way: CallbackOutcome): Finding {
  const id = 'callback';
  const path = site.routes.mount + site.routes.callback;
  switch (way.kind) {
    case 'known':
      return ok(
        id,
        bilingual(
          'the app knew its login again, and WeChat refused the made-up code',
          '应用认出了自己发起的登录，微信拒绝了编造的 code',
        ),
      );
    case 'lost':
      return failed(
        id,
        bilingual('the session had forgotten the login (login_loop)', '会话中已没有这次登录（login_loop）'),
        isCookieMissing(login) || lossOf(login) ? MEND_COOKIE : MEND_SESSION,
      );
    case 'foreign':
      if (way.isSecond)
        return warning(
          id,
          bilingual(
            `cannot tell: the app answers failed logins itself (onError, HTTP ${way.status})`,
            `无法判断：应用自行处理了登录失败（onError，HTTP ${way.status}）`,
          ),
          bilingual('Log in once by hand.', '请手动登录一次进行确认。'),
        );
      return failed(
        id,
        bilingual(
          `${path} answers HTTP ${way.status}, which is no callback of this package`,
          `${path} 返回 HTTP ${way.status}，不是本包的回调路由`,
        ),
        bilingual(
          'Let the proxy pass this path, with its query, on to the app; another handler must not take it.',
          '请让代理把该路径连同查询参数转发给应用，且不要被其他处理器截获。',
        ),
      );
    case 'error':
      return judgeKind(id, way.error);
  }
}

const MEND_COOKIE = bilingual('Mend the cookie first: see above.', '请先修复 cookie：见上文。');
const MEND_SESSION = bilingual(
  'The cookie came back, but not what was in it: several processes need one session store (not MemoryStore) and one session key.',
  'cookie 已带回，但会话内容不在：多进程须共用同一个会话存储（不要用 MemoryStore）和同一个会话密钥。',
);

function judgeKind(id: CheckId, kind: WechatErrorKind): Finding {
  const { remedy } = new WechatAuthError(kind, '');
  const knew = (what: Bilingual): Bilingual =>
    bilingual(`the app knew its login, but ${what.en}`, `应用认出了登录，但${what.zh}`);
  if (kind === 'busy' || kind === 'rate_limit')
    return warning(id, knew(bilingual(`WeChat answered ${kind}`, `微信返回 ${kind}`)), remedy);
  if (kind === 'credentials')
    return failed(
      id,
      knew(
        bilingual(
          "WeChat refused the app's own AppID or AppSecret",
          '微信拒绝了应用自己的 AppID 或 AppSecret',
        ),
      ),
      remedy,
    );
  if (kind === 'timeout' || kind === 'network' || kind === 'bad_answer')
    return failed(
      id,
      knew(
        bilingual(`did not reach WeChat from where it runs (${kind})`, `它所在的机器没有连上微信（${kind}）`),
      ),
      remedy,
    );
  if (kind === 'state_unknown' || kind === 'access_denied')
    return failed(
      id,
      bilingual(`code or state did not arrive (${kind})`, `code 或 state 没有送达（${kind}）`),
      bilingual('Let the proxy pass the query on as it is.', '请让代理原样转发查询参数。'),
    );
  return kindFailed(id, kind);
}

function worst(findings: readonly Finding[]): Finding {
  const gravity = ['failed', 'warning', 'skipped', 'ok'];
  return findings.reduce((a, b) => (gravity.indexOf(b.status) < gravity.indexOf(a.status) ? b : a));
}
