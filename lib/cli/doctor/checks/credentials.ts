/** Checks whether WeChat accepts AppID and AppSecret. */
import { isWeChatAPIError, isWechatError, type WeChatAPIError, type WechatError } from '../../../errors';
import { FLOWS, type AccountFlow } from '../../../oauth/flows';
import { OAuth } from '../../../oauth/oauth';
import { bilingual, type Bilingual } from '../../bilingual';
import { appOf, componentOf, type Configuration } from '../configuration';
import type { ProbeLimits } from '../probe/http-probe';
import { MADE_UP_CODE } from '../probe/made-up-code';
import { failed, ok, skipped, warning, type CheckId, type Finding } from '../report/check-list';
import { untrustedText } from '../report/untrusted-text';
import { FLOW_CHECKS } from '../report/flow-checks';

/** Exchanges a made-up code: WeChat looks at the code only after it has accepted AppID and AppSecret. */
export async function checkCredentials(
  configuration: Configuration,
  flow: AccountFlow,
  { timeout, signal }: ProbeLimits,
): Promise<Finding> {
  const id = FLOW_CHECKS[flow].credentials;
  const { open, api } = configuration;
  const { appId = '', appSecret } = appOf(configuration, flow);
  const component = componentOf(configuration, flow);
  const token = component?.accessToken;
  if (component && token === undefined) return skipped(id, TEXTS.noPlatformToken);
  if (!component && appSecret === undefined) return skipped(id, TEXTS.noSecret);
  const proof = component
    ? { component: { appId: component.appId, accessToken: () => token ?? '' } }
    : { appsecret: appSecret ?? '' };
  const oauth = new OAuth({ appid: appId, ...proof, endpoints: { open, api }, http: { timeout, signal } });
  try {
    await EXCHANGES[FLOWS[flow].exchange](oauth);
  } catch (error) {
    if (isWeChatAPIError(error)) return judgeErrcode(id, flow, error, component !== undefined);
    if (isWechatError(error)) return judgeFailedCall(id, error);
    throw error;
  }
  return failed(id, TEXTS.codeAccepted);
}

/** Keyed by the field `exchange` of a flow's row. */
const EXCHANGES: Readonly<
  Record<(typeof FLOWS)[AccountFlow]['exchange'], (oauth: OAuth) => Promise<unknown>>
> = {
  accessToken: (oauth) => oauth.getAccessToken(MADE_UP_CODE),
  sessionKey: (oauth) => oauth.getSessionKey(MADE_UP_CODE),
};

function judgeErrcode(id: CheckId, flow: AccountFlow, error: WeChatAPIError, isPlatform: boolean): Finding {
  const { kind, code } = error;
  const detail = TEXTS.response(code, withoutRequestId(untrustedText(error.errmsg)));
  // 41008 (no code arrived) says nothing about the AppSecret, which WeChat checks later.
  if ((kind === 'code_invalid' && code !== 41008) || kind === 'code_used')
    return ok(id, TEXTS.accepted(code));
  if (kind === 'busy' || kind === 'rate_limit') return warning(id, { detail, remedy: TEXTS.tryAgain });
  if (isPlatform && kind === 'token_invalid') return failed(id, { detail, remedy: TEXTS.newToken });
  if (isPlatform && kind === 'credentials') return failed(id, { detail, remedy: error.remedy });
  const remedy = REMEDIES[code]?.(flow);
  return remedy ? failed(id, { detail, remedy }) : warning(id, { detail, remedy: TEXTS.unknownErrcode });
}

/**
 * Leaves out the id of the request, which WeChat appends (`, rid: …`, formerly `, hints: […]`): it says
 * nothing about the credentials, and differs in every run.
 */
function withoutRequestId(errmsg: string): string {
  const start = errmsg.search(/rid:|hints?:/);
  return start < 0 ? errmsg : errmsg.slice(0, start).trimEnd().replace(/,$/, '');
}

function judgeFailedCall(id: CheckId, { kind, message, remedy }: WechatError): Finding {
  return kind === 'timeout' || kind === 'network'
    ? warning(id, { detail: TEXTS.cannotTell(message), remedy })
    : failed(id, { detail: TEXTS.failedCall(message), remedy });
}

const TEXTS = {
  accepted: (errcode: number) =>
    bilingual(
      `accepted (a made-up code was refused: ${errcode})`,
      `已被微信接受（编造的 code 被拒绝：${errcode}）`,
    ),
  codeAccepted: {
    detail: bilingual(
      'a made-up code was accepted: the server is not WeChat',
      '编造的 code 竟被接受：响应不是来自微信',
    ),
    remedy: bilingual(
      'Check WECHAT_API_URL, and the gateways on the way.',
      '请检查 WECHAT_API_URL 以及中间的网关。',
    ),
  },
  response: (errcode: number, errmsg: string) =>
    bilingual(`WeChat responds ${errcode} ${errmsg}`, `微信返回 ${errcode} ${errmsg}`),
  noPlatformToken: bilingual(
    'not checked: --component-access-token is not given',
    '未检查：没有给出 --component-access-token',
  ),
  noSecret: bilingual('not checked: no AppSecret is given', '未检查：没有给出 AppSecret'),
  newToken: bilingual(
    'The component_access_token is wrong or has expired: get a new one with the component_verify_ticket.',
    'component_access_token 错误或已过期：请用 component_verify_ticket 获取新的。',
  ),
  tryAgain: bilingual(
    'This says nothing about the credentials: try again in a minute.',
    '无法据此判断凭据：请一分钟后再试。',
  ),
  unknownErrcode: bilingual(
    "The doctor does not know this errcode: look it up in WeChat's list of global return codes.",
    'doctor 不认识这个错误码：请在微信官方的全局返回码中查询。',
  ),
  cannotTell: (message: string) => bilingual(`cannot tell: ${message}`, `无法判断：${message}`),
  /** Messages of errors exist in English only. */
  failedCall: (message: string) => bilingual(message, message),
};

/** Keyed by errcode. Source: WeChat's list of global return codes (全局返回码). */
const REMEDIES: Readonly<Record<number, (flow: AccountFlow) => Bilingual>> = {
  40001: wrongSecret,
  40125: wrongSecret,
  40013: unknownAppId,
  40002: requestAltered,
  40066: requestAltered,
  41002: requestAltered,
  41004: requestAltered,
  41008: requestAltered,
  40164: (flow) =>
    bilingual(
      'The IP address of this machine is not on the whitelist. ' +
        `${WHITELIST[flow].en} The change takes some minutes.`,
      `本机 IP 不在白名单中。${WHITELIST[flow].zh}几分钟后生效。`,
    ),
  40243: (flow) =>
    bilingual(
      `The AppSecret is frozen. Unfreeze it (解冻) at ${FLOWS[flow].consoleMenu.appSecret}; this takes ten minutes.`,
      `AppSecret 已被冻结。请解冻，10 分钟后生效：${FLOWS[flow].consoleMenu.appSecret}。`,
    ),
  43003: () => bilingual('WECHAT_API_URL must be https.', 'WECHAT_API_URL 必须使用 https。'),
  48001: (flow) => NO_PERMISSION[flow],
  50002: (flow) =>
    bilingual(
      `WeChat has restricted the app: see ${FLOWS[flow].consoleMenu.appId}.`,
      `该应用受到限制：请查看 ${FLOWS[flow].consoleMenu.appId}。`,
    ),
};

const unknownWhitelist = (flow: AccountFlow): Bilingual =>
  bilingual(
    'WeChat documents the place of the list only for official accounts: ' +
      `look for API IP 白名单 at ${FLOWS[flow].consoleMenu.appSecret}.`,
    `微信的文档只写了服务号的设置位置；请在 ${FLOWS[flow].consoleMenu.appSecret} 查找 API IP 白名单并添加，`,
  );

const WHITELIST: Readonly<Record<AccountFlow, Bilingual>> = {
  official: bilingual(
    `Add it at ${FLOWS.official.consoleMenu.appSecret} > API IP 白名单.`,
    `请在 ${FLOWS.official.consoleMenu.appSecret} > API IP 白名单 添加，`,
  ),
  website: unknownWhitelist('website'),
  miniProgram: unknownWhitelist('miniProgram'),
  mobileApp: unknownWhitelist('mobileApp'),
};

const NO_PERMISSION: Readonly<Record<AccountFlow, Bilingual>> = {
  official: bilingual(
    'Web authorization needs a verified service account (服务号): see 接口管理 > 接口权限与额度 of the account.',
    '只有已认证的服务号才有网页授权权限：请查看该账号的「接口管理 > 接口权限与额度」。',
  ),
  website: bilingual(
    'The website app has no WeChat login yet: see open.weixin.qq.com > 管理中心 > 网站应用 > 接口信息.',
    '该网站应用尚无微信登录权限：请查看 open.weixin.qq.com > 管理中心 > 网站应用 > 接口信息。',
  ),
  miniProgram: bilingual(
    'The mini program may not call this interface: see mp.weixin.qq.com > 管理 > 开发管理 > 接口设置.',
    '该小程序没有此接口的权限：请查看 mp.weixin.qq.com > 管理 > 开发管理 > 接口设置。',
  ),
  mobileApp: bilingual(
    'The mobile app has no WeChat login yet: see open.weixin.qq.com > 管理中心 > 移动应用 > 接口信息.',
    '该移动应用尚无微信登录权限：请查看 open.weixin.qq.com > 管理中心 > 移动应用 > 接口信息。',
  ),
};

function wrongSecret(flow: AccountFlow): Bilingual {
  const { appSecret } = FLOWS[flow].consoleMenu;
  return bilingual(
    `The AppSecret does not belong to this AppID, or was reset. Copy or reset it at ${appSecret}.`,
    `AppSecret 与该 AppID 不匹配，或已被重置。请复制或重置：${appSecret}。`,
  );
}

export function unknownAppId(flow: AccountFlow): Bilingual {
  const { appId } = FLOWS[flow].consoleMenu;
  return bilingual(
    `WeChat knows no app with this AppID. Compare it with ${appId}. An app that is not approved yet does not work.`,
    `微信没有这个应用；尚未审核通过的应用不可用。请核对 AppID：${appId}。`,
  );
}

function requestAltered(): Bilingual {
  return bilingual(
    'A part of the request was lost or changed on the way: check the gateway behind WECHAT_API_URL.',
    '请求在途中丢失或被改动：请检查 WECHAT_API_URL 背后的网关。',
  );
}
