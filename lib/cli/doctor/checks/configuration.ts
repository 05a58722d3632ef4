/** What is given, judged by itself: nobody is asked yet. No value is repeated that may be a secret. */
import { WECHAT, endpointFault } from '../../../oauth/endpoints';
import type { WechatFlow } from '../../../oauth/flows';
import { checkBaseURL } from './base-url';
import { failed, ok, skipped, warning, type CheckId, type Finding } from '../report/check-list';
import { CONSOLES } from '../report/consoles';
import { findStray } from '../probe/stray-characters';
import { isPrivateHost } from '../probe/private-hosts';
import { bilingual, type Bilingual } from '../report/bilingual';

export interface App {
  readonly appId: string | undefined;
  readonly appSecret: string | undefined;
}

export interface Configuration {
  readonly apps: Readonly<Record<WechatFlow, App>>;
  readonly baseURL: string | undefined;
  readonly open: string;
  readonly api: string;
  /** By a flag, where other people of this machine can read it. */
  readonly hasSecretInFlag: boolean;
  readonly isProduction: boolean;
}

export const ID_OF: Readonly<Record<WechatFlow, { readonly appId: CheckId; readonly appSecret: CheckId }>> = {
  official: { appId: 'app-id', appSecret: 'app-secret' },
  website: { appId: 'website-app-id', appSecret: 'website-app-secret' },
};

export const NAMES: Readonly<Record<WechatFlow, { readonly appId: string; readonly appSecret: string }>> = {
  official: { appId: 'WECHAT_APP_ID', appSecret: 'WECHAT_APP_SECRET' },
  website: { appId: 'WECHAT_WEBSITE_APP_ID', appSecret: 'WECHAT_WEBSITE_APP_SECRET' },
};

/** WeChat's own API has other hosts too: nearest, disaster recovery, regions. */
const WECHAT_API = /^https:\/\/(?:api2?|sh\.api|sz\.api|hk\.api)\.weixin\.qq\.com$/;

export function usesRealWechat({ open, api }: Pick<Configuration, 'open' | 'api'>): boolean {
  return open === WECHAT.open && WECHAT_API.test(api);
}

export function isGiven({ appId, appSecret }: App): boolean {
  return appId !== undefined || appSecret !== undefined;
}

/** @param isAlone whether nothing else is to be looked at: without an app there is nothing to check then */
export function checkConfiguration(configuration: Configuration, isAlone: boolean): Finding[] {
  const { apps, baseURL } = configuration;
  const flows = (['official', 'website'] as const).filter((flow) => isGiven(apps[flow]));
  return [
    ...(configuration.hasSecretInFlag ? [secretInFlag()] : []),
    ...(flows.length === 0 ? [noApp(isAlone)] : []),
    ...flows.flatMap((flow) => [checkAppId(configuration, flow), checkAppSecret(configuration, flow)]),
    checkBaseURL(baseURL, usesRealWechat(configuration)),
    checkEndpoints(configuration),
  ];
}

function secretInFlag(): Finding {
  return warning(
    'secret-in-flag',
    bilingual(
      'an AppSecret stands in the command line, where every user of this machine sees it in the process list',
      '命令行中写有 AppSecret，本机任何用户都能在进程列表中看到',
    ),
    bilingual(
      'Put it into the environment (WECHAT_APP_SECRET), or pass --app-secret - and give it on the standard input.',
      '请改用环境变量（WECHAT_APP_SECRET），或使用 --app-secret - 从标准输入读取。',
    ),
  );
}

function noApp(isAlone: boolean): Finding {
  const detail = bilingual(
    'neither an official account nor a website app is given',
    '没有给出公众号，也没有给出网站应用',
  );
  if (!isAlone) return skipped('app-id', detail);
  return failed(
    'app-id',
    detail,
    bilingual(
      'Set WECHAT_APP_ID and WECHAT_APP_SECRET (pages inside WeChat), WECHAT_WEBSITE_APP_ID and WECHAT_WEBSITE_APP_SECRET (QR code login), or both.',
      '请设置 WECHAT_APP_ID 与 WECHAT_APP_SECRET（微信内网页），WECHAT_WEBSITE_APP_ID 与 WECHAT_WEBSITE_APP_SECRET（扫码登录），或两者都设置。',
    ),
  );
}

const APP_ID = /^wx[\da-f]{16}$/;
const APP_SECRET = /^[\da-f]{32}$/i;

function checkAppId(configuration: Configuration, flow: WechatFlow): Finding {
  const id = ID_OF[flow].appId;
  const { appId } = configuration.apps[flow];
  const console = CONSOLES[flow];
  const copy = bilingual(`Copy it from ${console.appId}.`, `请从 ${console.appId} 复制。`);
  const dirt = appId === undefined ? undefined : findStray(appId);
  if (appId === undefined) return failed(id, bilingual('is missing', '缺失'), setIt(NAMES[flow].appId));
  if (dirt)
    return failed(
      id,
      dirt,
      bilingual(`Write it bare, in ${NAMES[flow].appId}.`, `请去掉多余字符（${NAMES[flow].appId}）。`),
    );
  if (APP_ID.test(appId)) {
    const same = flow === 'website' && configuration.apps.official.appId === appId;
    if (!same) return ok(id, bilingual(appId, appId));
    return failed(
      id,
      bilingual('is that of the official account', '与公众号的 AppID 相同'),
      bilingual(
        `An official account and a website app are two apps. ${copy.en}`,
        `公众号与网站应用是两个不同的应用。${copy.zh}`,
      ),
    );
  }
  const { detail, remedy } = wrongAppId(appId);
  return oddOrWrong(configuration, id, detail, remedy ?? copy);
}

function wrongAppId(appId: string): { detail: Bilingual; remedy?: Bilingual } {
  if (APP_SECRET.test(appId))
    return {
      detail: bilingual('looks like an AppSecret', '看起来是 AppSecret'),
      remedy: bilingual(
        'AppID and AppSecret are swapped: an AppID is wx and 16 characters.',
        'AppID 与 AppSecret 填反了：AppID 为 wx 加 16 个字符。',
      ),
    };
  if (appId.startsWith('gh_'))
    return {
      detail: bilingual('is the original id of the account (gh_…)', '是公众号的原始 ID（gh_…）'),
      remedy: bilingual(
        `The AppID begins with wx: ${CONSOLES.official.appId}.`,
        `AppID 以 wx 开头：${CONSOLES.official.appId}。`,
      ),
    };
  if (/^w[wk]/.test(appId))
    return {
      detail: bilingual('is an id of WeCom (企业微信)', '是企业微信的 ID'),
      remedy: bilingual(
        'WeCom has a login of its own, which this package does not do. Take the AppID of an official account or a website app.',
        '企业微信使用另一套登录，本包不支持。请使用公众号或网站应用的 AppID。',
      ),
    };
  return {
    detail: bilingual(
      `${appId.length} characters that are not wx and 16 of 0-9, a-f`,
      `共 ${appId.length} 个字符，不是 wx 加 16 位 0-9、a-f`,
    ),
  };
}

function checkAppSecret(configuration: Configuration, flow: WechatFlow): Finding {
  const id = ID_OF[flow].appSecret;
  const { appSecret } = configuration.apps[flow];
  const { appSecret: place } = CONSOLES[flow];
  if (appSecret === undefined)
    return failed(id, bilingual('is missing', '缺失'), setIt(NAMES[flow].appSecret));
  const dirt = findStray(appSecret);
  if (dirt)
    return failed(
      id,
      dirt,
      bilingual(
        `Write it bare, in ${NAMES[flow].appSecret}.`,
        `请去掉多余字符（${NAMES[flow].appSecret}）。`,
      ),
    );
  if (APP_SECRET.test(appSecret)) return ok(id, bilingual('32 characters', '32 位'));
  if (APP_ID.test(appSecret))
    return failed(
      id,
      bilingual('looks like an AppID', '看起来是 AppID'),
      bilingual(
        'AppID and AppSecret are swapped: an AppSecret is 32 characters of 0-9, a-f.',
        'AppID 与 AppSecret 填反了：AppSecret 为 32 位 0-9、a-f。',
      ),
    );
  const detail =
    appSecret.length === 32
      ? bilingual('has other characters than 0-9, a-f', '含有 0-9、a-f 以外的字符')
      : bilingual(
          `has ${appSecret.length} characters in place of 32`,
          `有 ${appSecret.length} 位，应为 32 位`,
        );
  const remedy = bilingual(
    `Copy it whole. The console shows it once, when it is made or reset (a reset kills the old one): ${place}.`,
    `请完整复制。后台只在生成或重置时显示一次（重置后旧的立即失效）：${place}。`,
  );
  return oddOrWrong(configuration, id, detail, remedy);
}

/** An emulator and a gateway may have ids of their own. */
function oddOrWrong(
  configuration: Configuration,
  id: CheckId,
  detail: Bilingual,
  remedy: Bilingual,
): Finding {
  return usesRealWechat(configuration) ? failed(id, detail, remedy) : warning(id, detail, remedy);
}

function setIt(name: string): Bilingual {
  return bilingual(`Set ${name}.`, `请设置 ${name}。`);
}

/** Both addresses, as they are; nobody is asked yet. */
function checkEndpoints({ open, api }: Configuration): Finding {
  const id = 'endpoints';
  for (const [name, address] of [
    ['WECHAT_OPEN_URL', open],
    ['WECHAT_API_URL', api],
  ] as const) {
    if (endpointFault(address) === undefined) continue;
    return failed(
      id,
      bilingual(`${name} is no plain http: or https: address`, `${name} 不是纯粹的 http: 或 https: 地址`),
      bilingual(
        `Take it away, or write it as ${WECHAT.api}: no query, no user.`,
        `请去掉它，或写成 ${WECHAT.api} 的形式：不带查询参数与用户名。`,
      ),
    );
  }
  const hosts = bilingual(
    `${new URL(open).host}, ${new URL(api).host}`,
    `${new URL(open).host}，${new URL(api).host}`,
  );
  if ((open === WECHAT.open) !== WECHAT_API.test(api))
    return warning(
      id,
      bilingual(
        `only one of the two is WeChat's own: ${hosts.en}`,
        `两个地址中只有一个是微信官方的：${hosts.zh}`,
      ),
      bilingual(
        "A code of one WeChat is worth nothing at another. Set both, or neither; a gateway to WeChat's API is fine.",
        '一边发放的 code 在另一边无效。请同时设置或都不设置；若是通往微信 API 的网关则没有问题。',
      ),
    );
  const clear = [open, api]
    .map((address) => new URL(address))
    .find((url) => url.protocol === 'http:' && !isPrivateHost(url));
  if (clear)
    return warning(
      id,
      bilingual(
        `${clear.host} is asked over http: the AppSecret travels in the clear`,
        `${clear.host} 使用 http：AppSecret 将明文传输`,
      ),
      bilingual('Use https.', '请使用 https。'),
    );
  return ok(id, hosts);
}
