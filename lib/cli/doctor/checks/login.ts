/** What the login route does with a browser inside WeChat, and with one on a PC. */
import { WechatAuthError, type WechatErrorKind } from '../../../errors';
import type { WechatFlow } from '../../../oauth/flows';
import { failed, ok, skipped, warning, type CheckId, type Finding } from '../report/check-list';
import { NAMES, isGiven, type Configuration } from './configuration';
import { CONSOLES } from '../report/consoles';
import { withoutSlash, type Site } from '../probe/site';
import type { LoginAnswer, Sent } from '../probe/login-probe';
import { bilingual } from '../report/bilingual';

/** One login in each kind of browser. */
export interface Logins {
  readonly inWechat: LoginAnswer;
  readonly onDesktop: LoginAnswer;
}

const CLIENTS: Readonly<
  Record<'login-in-wechat' | 'login-on-desktop', { fits: WechatFlow; other: WechatFlow }>
> = {
  'login-in-wechat': { fits: 'official', other: 'website' },
  'login-on-desktop': { fits: 'website', other: 'official' },
};

export function checkLogins(
  configuration: Configuration,
  site: Site,
  { inWechat, onDesktop }: Logins,
): Finding[] {
  const first = checkLogin('login-in-wechat', configuration, site, inWechat);
  const second = checkLogin('login-on-desktop', configuration, site, onDesktop);
  const isSame = first.status === 'failed' && first.detail.en === second.detail.en;
  return [first, isSame ? skipped('login-on-desktop', bilingual('the same', '同上')) : second];
}

function checkLogin(
  id: keyof typeof CLIENTS,
  configuration: Configuration,
  site: Site,
  answer: LoginAnswer,
): Finding {
  const path = site.routes.mount + site.routes.login;
  switch (answer.kind) {
    case 'error':
      return kindFailed(id, answer.error);
    case 'open-elsewhere':
      return openElsewhere(id, configuration);
    case 'sent':
      return checkSent(id, configuration, answer);
    case 'redirect':
      return failed(
        id,
        bilingual(
          `${path} leads to ${answer.to.origin}${answer.to.pathname}, not to WeChat`,
          `${path} 转到 ${answer.to.origin}${answer.to.pathname}，而不是微信`,
        ),
        NOT_OURS,
      );
    case 'foreign':
      return failed(
        id,
        bilingual(
          `${path} answers HTTP ${answer.reply.status}, which is no login of this package`,
          `${path} 返回 HTTP ${answer.reply.status}，不是本包的登录路由`,
        ),
        NOT_OURS,
      );
  }
}

const NOT_OURS = bilingual(
  'Is this the app, and is wechatAuth() mounted in it? If it is mounted below a path or has other routes, say so: --mount /auth, --login /wx.',
  '这是要检查的应用吗？是否挂载了 wechatAuth()？如挂载在某个路径下或改了路由，请说明：--mount /auth、--login /wx。',
);

export function kindFailed(id: CheckId, kind: WechatErrorKind): Finding {
  const { status, remedy } = new WechatAuthError(kind, '');
  return failed(
    id,
    bilingual(`the app answers ${kind} (HTTP ${status})`, `应用返回 ${kind}（HTTP ${status}）`),
    remedy,
  );
}

function openElsewhere(id: keyof typeof CLIENTS, { apps }: Configuration): Finding {
  const { fits } = CLIENTS[id];
  if (!isGiven(apps[fits]))
    return ok(
      id,
      fits === 'official'
        ? bilingual('asks to use a computer: there is no official account', '提示改用电脑：没有配置公众号')
        : bilingual('asks to open WeChat: there is no website app', '提示在微信中打开：没有配置网站应用'),
    );
  return failed(
    id,
    bilingual(
      `the app does not know ${CONSOLES[fits].name.en} that was given here`,
      `应用并未使用此处给出的${CONSOLES[fits].name.zh}`,
    ),
    bilingual(
      'Give the app the same environment as the doctor, and start it again.',
      '请让应用使用与此处相同的环境变量，并重新启动。',
    ),
  );
}

const SCOPES: Readonly<Record<WechatFlow, RegExp>> = {
  official: /^snsapi_(?:base|userinfo)$/,
  website: /^snsapi_login$/,
};

function checkSent(
  id: keyof typeof CLIENTS,
  { open, apps }: Configuration,
  { flow, page, redirectURI }: Sent,
): Finding {
  const { fits } = CLIENTS[id];
  const appid = page.searchParams.get('appid') ?? '';
  const scope = page.searchParams.get('scope') ?? '';
  // One that is no address was complained of before.
  if (URL.canParse(open) && !isUnder(page, new URL(open)))
    return failed(
      id,
      bilingual(
        `the app sends people to ${page.origin}, and not to ${open}`,
        `应用把用户转到 ${page.origin}，而不是 ${open}`,
      ),
      bilingual(
        'Give WECHAT_OPEN_URL (or endpoints) to both, or to neither.',
        '请让两边使用相同的 WECHAT_OPEN_URL（或 endpoints），或都不设置。',
      ),
    );
  const { appId } = apps[flow];
  if (appId !== undefined && appid !== appId)
    return failed(
      id,
      bilingual(
        `the app uses AppID ${appid}, and not ${appId}`,
        `应用使用的 AppID 是 ${appid}，而不是 ${appId}`,
      ),
      bilingual(
        'Compare the environment of the app with that of the doctor.',
        '请核对应用与此处的环境变量。',
      ),
    );
  if (
    !SCOPES[flow].test(scope) ||
    page.searchParams.get('response_type') !== 'code' ||
    page.hash !== '#wechat_redirect' ||
    !redirectURI
  )
    return failed(
      id,
      bilingual('the address of WeChat was changed on the way', '发往微信的地址在途中被改动'),
      bilingual(
        'See what rewrites the Location header between the app and here (proxy, CDN).',
        '请检查应用与此处之间是否有代理或 CDN 改写了 Location 头。',
      ),
    );
  if (flow !== fits)
    return warning(
      id,
      flow === 'website'
        ? bilingual(
            'goes to the QR code, which nobody can scan on their own screen',
            '转到二维码页，而手机无法扫描自己的屏幕',
          )
        : bilingual('goes to the page that works only inside WeChat', '转到只能在微信内使用的授权页'),
      bilingual(
        "Leave the option flow at 'auto', and give the website app or the official account too.",
        "请保持选项 flow 为 'auto'，并同时配置公众号与网站应用。",
      ),
    );
  const detail = bilingual(`${appid}, ${scope}`, `${appid}，${scope}`);
  if (appId !== undefined) return ok(id, detail);
  return warning(
    id,
    bilingual(`${detail.en}: not compared`, `${detail.zh}：未核对`),
    bilingual(
      `Give the doctor the same app, so that it can compare: ${NAMES[flow].appId}.`,
      `请在此处给出同一个应用以便核对：${NAMES[flow].appId}。`,
    ),
  );
}

function isUnder(page: URL, open: URL): boolean {
  return page.origin === open.origin && page.pathname.startsWith(`${withoutSlash(open.pathname)}/connect/`);
}
