/** What WeChat itself says of an app: of its credentials, and of its callback domain as far as that can be seen from outside. */
import { isWeChatAPIError, isWechatError, type WeChatAPIError, type WechatError } from '../../../errors';
import { OAuth } from '../../../oauth/oauth';
import type { WechatFlow } from '../../../oauth/flows';
import { UnreachableError, probe, type ProbeRequest } from '../probe/http-probe';
import { failed, ok, skipped, warning, type CheckId, type Finding } from '../report/check-list';
import { DESKTOP_CLIENT, WECHAT_CLIENT } from '../probe/user-agents';
import type { Configuration } from './configuration';
import { CONSOLES } from '../report/consoles';
import { bilingual, type Bilingual } from '../report/bilingual';

/** Of the shape of a real one, so that what is refused is this code and not its form. */
export const MADE_UP_CODE = '0d1Doctor0Doctor0Doctor0Doctor00';

const CREDENTIALS: Readonly<Record<WechatFlow, CheckId>> = {
  official: 'credentials',
  website: 'website-credentials',
};
const PAGE: Readonly<Record<WechatFlow, CheckId>> = { official: 'login-page', website: 'website-login-page' };

function oauthOf(
  { apps, open, api }: Configuration,
  flow: WechatFlow,
  { timeout, signal }: ProbeRequest,
): OAuth {
  const { appId = '', appSecret = '' } = apps[flow];
  return new OAuth({
    appid: appId,
    appsecret: appSecret,
    endpoints: { open, api },
    http: { timeout, signal },
  });
}

/** Exchanges a made-up code: WeChat looks at the code only once app id and secret are right. */
export async function checkCredentials(
  configuration: Configuration,
  flow: WechatFlow,
  question: ProbeRequest,
): Promise<Finding> {
  const id = CREDENTIALS[flow];
  try {
    await oauthOf(configuration, flow, question).getAccessToken(MADE_UP_CODE);
  } catch (error) {
    if (isWechatError(error)) return judge(id, flow, error);
    throw error;
  }
  return failed(
    id,
    bilingual('a made-up code was taken: what answers is not WeChat', '编造的 code 竟被接受：应答方不是微信'),
    bilingual('Check WECHAT_API_URL, and what stands between.', '请检查 WECHAT_API_URL 以及中间的网关。'),
  );
}

function judge(id: CheckId, flow: WechatFlow, error: WechatError): Finding {
  if (isWeChatAPIError(error)) {
    if (error.kind === 'code_invalid' || error.kind === 'code_used')
      return ok(
        id,
        bilingual(
          `accepted (a made-up code was refused: ${error.code})`,
          `已被微信接受（编造的 code 被拒绝：${error.code}）`,
        ),
      );
    if (error.kind === 'busy' || error.kind === 'rate_limit')
      return warning(
        id,
        said(error),
        bilingual(
          'This tells nothing about the credentials: try again in a minute.',
          '无法据此判断凭据：请一分钟后再试。',
        ),
      );
    const remedy = REMEDIES[error.code]?.(flow);
    if (remedy) return failed(id, said(error), remedy);
    return warning(
      id,
      said(error),
      bilingual(
        "This is none of the answers that are known here: look it up in WeChat's list of global return codes.",
        '这不是已知的应答：请在微信官方的全局返回码中查询。',
      ),
    );
  }
  const { message, remedy, kind } = error;
  if (kind === 'timeout' || kind === 'network')
    return warning(id, bilingual(`cannot tell: ${message}`, `无法判断：${kind}`), remedy);
  return failed(
    id,
    bilingual(message, kind === 'config' ? message : `应答不是微信的 JSON（${kind}）`),
    remedy,
  );
}

function said({ code, errmsg }: WeChatAPIError): Bilingual {
  // The rid is of this one request, and of no use to anybody here.
  const text = errmsg.replace(/,? *(?:rid:|hints?:).*$/s, '');
  return bilingual(`WeChat says ${code} ${text}`, `微信返回 ${code} ${text}`);
}

type Remedy = (flow: WechatFlow) => Bilingual;

const wrongSecret: Remedy = (flow) =>
  bilingual(
    `The AppSecret is not that of this AppID, or was reset. Copy or reset it at ${CONSOLES[flow].appSecret}.`,
    `AppSecret 与该 AppID 不匹配，或已被重置。请到 ${CONSOLES[flow].appSecret} 复制或重置。`,
  );
const wrongAppId: Remedy = (flow) =>
  bilingual(
    `WeChat knows no such app. Compare it with ${CONSOLES[flow].appId}; an app that is not approved yet has none that works.`,
    `微信没有这个应用。请与 ${CONSOLES[flow].appId} 核对；尚未审核通过的应用不可用。`,
  );
const altered: Remedy = () =>
  bilingual(
    'A part of the request was lost or changed on the way: check the gateway behind WECHAT_API_URL.',
    '请求在途中被丢失或改动：请检查 WECHAT_API_URL 背后的网关。',
  );

const REMEDIES: Readonly<Record<number, Remedy>> = {
  40001: wrongSecret,
  40125: wrongSecret,
  41004: altered,
  41002: altered,
  41008: altered,
  40002: altered,
  40066: altered,
  40013: wrongAppId,
  40164: (flow) =>
    bilingual(
      `The IP address of this machine is not on the whitelist. Add it at ${CONSOLES[flow].appSecret} > API IP 白名单; it takes some minutes.`,
      `本机 IP 不在白名单中。请到 ${CONSOLES[flow].appSecret} > API IP 白名单 添加，几分钟后生效。`,
    ),
  40243: (flow) =>
    bilingual(
      `The AppSecret is frozen. Thaw it (解冻) at ${CONSOLES[flow].appSecret}; it takes ten minutes.`,
      `AppSecret 已被冻结。请到 ${CONSOLES[flow].appSecret} 解冻，10 分钟后生效。`,
    ),
  43003: () => bilingual('WECHAT_API_URL must be https.', 'WECHAT_API_URL 必须使用 https。'),
  48001: (flow) =>
    bilingual(
      flow === 'official'
        ? 'Only a verified service account (服务号) has web authorization: 接口管理 > 接口权限与额度.'
        : 'The website app has no WeChat login yet: open.weixin.qq.com > 管理中心 > 网站应用 > 接口信息.',
      flow === 'official'
        ? '只有已认证的服务号才有网页授权权限：接口管理 > 接口权限与额度。'
        : '该网站应用尚无微信登录权限：open.weixin.qq.com > 管理中心 > 网站应用 > 接口信息。',
    ),
  50002: (flow) =>
    bilingual(
      `The app is restricted: see ${CONSOLES[flow].appId}.`,
      `该应用受到限制：请查看 ${CONSOLES[flow].appId}。`,
    ),
};

/** Opens the page that a login would be sent to. The QR page checks all; that of the official account only inside WeChat. */
export async function checkLoginPage(
  configuration: Configuration,
  flow: WechatFlow,
  redirectURI: string,
  question: ProbeRequest,
): Promise<Finding> {
  const id = PAGE[flow];
  const oauth = oauthOf(configuration, flow, question);
  const address =
    flow === 'official'
      ? oauth.getAuthorizeURL(redirectURI, 'doctor', 'snsapi_userinfo')
      : oauth.getAuthorizeURLForWebsite(redirectURI, 'doctor');
  try {
    const { status, headers, body } = await probe(new URL(address), {
      ...question,
      headers: {
        'User-Agent': flow === 'official' ? WECHAT_CLIENT : DESKTOP_CLIENT,
        'Accept-Language': 'zh-CN',
      },
    });
    const isEmulated = headers['x-emulated-wechat'] !== undefined;
    return judgePage(id, flow, { redirectURI, status, body, isEmulated, location: headers.location ?? '' });
  } catch (error) {
    if (error instanceof UnreachableError) return warning(id, error.detail, error.remedy);
    throw error;
  }
}

interface Page {
  readonly redirectURI: string;
  readonly status: number;
  readonly body: string;
  readonly location: string;
  readonly isEmulated: boolean;
}

function judgePage(id: CheckId, flow: WechatFlow, page: Page): Finding {
  const { host } = new URL(page.redirectURI);
  const text = /weui_msg__?title[^>]*>([^<]+)</.exec(page.body)?.[1]?.trim() ?? '';
  const fault = PAGE_FAULTS.find(({ pattern }) => pattern.test(text));
  if (fault) {
    const remedy = fault.remedy(flow, host);
    const detail = bilingual(`WeChat shows: ${text}`, `微信显示：${text}`);
    return fault.isPassing ? warning(id, detail, remedy) : failed(id, detail, remedy);
  }
  const isQR = flow === 'website' && page.body.includes('/connect/qrcode/');
  const isConsent = flow === 'official' && page.isEmulated && text === '';
  const isSilent = page.status > 300 && page.status < 400 && page.location.startsWith(page.redirectURI);
  if (isQR || isConsent || isSilent)
    return ok(
      id,
      bilingual(
        `AppID, scope and callback domain ${host} are accepted`,
        `AppID、scope 与回调域名 ${host} 均被接受`,
      ),
    );
  if (text === '' || text.includes('微信客户端'))
    return skipped(
      id,
      bilingual(
        `cannot be seen from outside of WeChat: ${host} must stand at ${CONSOLES[flow].callbackDomain}`,
        `在微信之外无法判断：${host} 须填写在 ${CONSOLES[flow].callbackDomain}`,
      ),
    );
  return warning(
    id,
    bilingual(`WeChat shows: ${text.slice(0, 60)}`, `微信显示：${text.slice(0, 60)}`),
    bilingual(
      `Compare the settings of the app: ${CONSOLES[flow].appId}.`,
      `请核对应用设置：${CONSOLES[flow].appId}。`,
    ),
  );
}

interface PageFault {
  readonly pattern: RegExp;
  /** Gone by itself a little later. */
  readonly isPassing?: boolean;
  remedy(flow: WechatFlow, host: string): Bilingual;
}

const PAGE_FAULTS: readonly PageFault[] = [
  {
    pattern: /10003|redirect_uri/i,
    remedy: (flow, host) =>
      bilingual(
        `Enter ${host}, just so, at ${CONSOLES[flow].callbackDomain}; or correct WECHAT_BASE_URL. A sub domain is another host.`,
        `请在 ${CONSOLES[flow].callbackDomain} 原样填写 ${host}，或更正 WECHAT_BASE_URL。子域名算作另一个域名。`,
      ),
  },
  {
    pattern: /10005|scope/i,
    remedy: (flow) =>
      flow === 'official'
        ? bilingual(
            'Web authorization needs a verified service account (服务号), or a test account (测试号).',
            '网页授权需要已认证的服务号，或测试号。',
          )
        : bilingual(
            'Is this the AppID of a website app (网站应用)? Has WeChat login been granted to it?',
            '这是网站应用的 AppID 吗？是否已获得微信登录权限？',
          ),
  },
  {
    pattern: /10016|10012|appid/i,
    remedy: (flow) => wrongAppId(flow),
  },
  {
    pattern: /10004|封禁/,
    remedy: () =>
      bilingual(
        'WeChat has banned this account: see mp.weixin.qq.com.',
        '该公众号已被封禁：请查看 mp.weixin.qq.com。',
      ),
  },
  {
    pattern: /10006|关注此测试号/,
    isPassing: true,
    remedy: () =>
      bilingual(
        'A test account (测试号): whoever logs in must follow it first.',
        '这是测试号：登录者须先关注它。',
      ),
  },
  {
    pattern: /10009|频繁/,
    isPassing: true,
    remedy: () => bilingual('Asked too often: try again a little later.', '操作太频繁：请稍后再试。'),
  },
];
