/** The running app: what its login does, what a browser keeps of it, and whether it still knows the login afterwards. */
import { usableBase } from './base-url';
import { UnreachableError, type ProbeRequest } from '../probe/http-probe';
import { checkCallback } from './callback';
import { failed, ok, type Finding } from '../report/check-list';
import { DESKTOP_CLIENT, WECHAT_CLIENT } from '../probe/user-agents';
import type { Configuration } from './configuration';
import { checkCookies } from './cookies';
import { isPrivateHost } from '../probe/private-hosts';
import { checkLogins, type Logins } from './login';
import { checkRedirectURI } from './redirect-uri';
import { playsProxy, siteOf, type Routes, type Site } from '../probe/site';
import { startLogin, type Login, type LoginAnswer } from '../probe/login-probe';
import { bilingual } from '../report/bilingual';

export interface Walked {
  readonly findings: readonly Finding[];
  /** What browsers have in their address line, as far as it was found out. */
  readonly site: Site;
}

export async function checkApp(
  configuration: Configuration,
  url: URL,
  routes: Routes,
  question: ProbeRequest,
): Promise<Walked> {
  const given = usableBase(configuration);
  let site = siteOf(url, given, routes);
  try {
    let logins = await startBoth(site, question);
    // An inner address, and nobody said what the public one is: the app did.
    const told = given ? undefined : baseToldBy(site, logins);
    if (told) {
      site = siteOf(url, told, routes);
      logins = await startBoth(site, question);
    }
    return { site, findings: await judge(configuration, site, logins) };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const detail = bilingual(`${url.host}: ${error.detail.en}`, `${url.host}：${error.detail.zh}`);
    return {
      site,
      findings: [
        failed(
          'app-reachable',
          detail,
          bilingual(
            `Start the app, and compare --url. ${error.remedy.en}`,
            `请启动应用，并核对 --url。${error.remedy.zh}`,
          ),
        ),
      ],
    };
  }
}

async function startBoth(site: Site, question: ProbeRequest): Promise<Logins> {
  const [inWechat, onDesktop] = await Promise.all([
    startLogin(site, WECHAT_CLIENT, question),
    startLogin(site, DESKTOP_CLIENT, question),
  ]);
  return { inWechat, onDesktop };
}

function sentOf({ inWechat, onDesktop }: Logins): Login[] {
  return [inWechat, onDesktop].filter((answer): answer is Login => answer.kind === 'sent');
}

function baseToldBy(site: Site, logins: Logins): URL | undefined {
  const [sent] = sentOf(logins);
  const { mount, callback } = site.routes;
  if (!sent || !isPrivateHost(site.url) || !URL.canParse(sent.redirectURI)) return undefined;
  const { origin, pathname } = new URL(sent.redirectURI);
  const end = mount + callback;
  return origin !== site.url.origin && pathname.endsWith(end)
    ? new URL(origin + pathname.slice(0, -end.length))
    : undefined;
}

async function judge(configuration: Configuration, site: Site, logins: Logins): Promise<Finding[]> {
  const reached = checkReached(site, logins);
  const isOurs = [logins.inWechat, logins.onDesktop].some(
    ({ kind }) => kind !== 'foreign' && kind !== 'redirect',
  );
  if (reached.status === 'failed') return [reached];
  if (!isOurs) return [reached, ...checkLogins(configuration, site, logins)];
  const sent = sentOf(logins);
  const redirectURI = checkRedirectURI(configuration, site, sent);
  const cookies = sent[0] ? checkCookies(site, sent[0]) : [];
  return [
    reached,
    ...checkLogins(configuration, site, logins),
    ...(sent.length > 0 ? [redirectURI, checkState(sent), checkNoStore(sent), ...cookies] : []),
    ...(sent.length > 0 ? [await checkCallback(site, sent, redirectURI)] : []),
  ];
}

function checkReached(site: Site, { inWechat, onDesktop }: Logins): Finding {
  const { url } = site;
  const elsewhere = [inWechat, onDesktop].find(({ kind }) => kind === 'redirect');
  if (elsewhere?.kind === 'redirect' && inWechat.kind === onDesktop.kind) {
    const { origin } = elsewhere.to;
    if (origin !== site.public.origin)
      return failed(
        'app-reachable',
        bilingual(`${url.origin} sends browsers on to ${origin}`, `${url.origin} 把浏览器转到 ${origin}`),
        bilingual(
          `Run the doctor again with --url ${origin}; logins must start where WeChat comes back to.`,
          `请改用 --url ${origin} 再运行一次；登录必须从微信回调的那个域名发起。`,
        ),
      );
  }
  const took = inWechat.reply.took;
  return ok(
    'app-reachable',
    playsProxy(site)
      ? bilingual(
          `${url.host}, asked as a proxy for ${site.public.origin} would`,
          `${url.host}，以 ${site.public.origin} 的代理身份访问`,
        )
      : bilingual(`${url.host}, ${took} ms`, `${url.host}，${took} ms`),
  );
}

function checkState(sent: readonly Login[]): Finding {
  const states = sent.map(({ state }) => state);
  const isGood =
    states.every((state) => /^[a-zA-Z\d]{16,128}$/.test(state)) && new Set(states).size === states.length;
  if (isGood) return ok('state', bilingual('random, of letters and digits', '随机，由字母与数字组成'));
  return failed(
    'state',
    bilingual(
      'is missing, repeated, or holds what WeChat does not bring back',
      '缺失、重复，或含有微信不会原样带回的字符',
    ),
    bilingual(
      'See what caches or rewrites the answers of the app (proxy, CDN).',
      '请检查是否有代理或 CDN 缓存、改写了应用的响应。',
    ),
  );
}

function checkNoStore(sent: readonly LoginAnswer[]): Finding {
  const odd = sent.find(({ reply }) => !/\bno-store\b/i.test(reply.headers['cache-control'] ?? ''));
  if (!odd) return ok('no-store', bilingual('Cache-Control: no-store', 'Cache-Control: no-store'));
  return failed(
    'no-store',
    bilingual('the login came without Cache-Control: no-store', '登录响应缺少 Cache-Control: no-store'),
    bilingual(
      'Something after the app takes it away (proxy, CDN, a middleware): a cached login gives one state to many people.',
      '应用之后的某处（代理、CDN、中间件）去掉了它：登录响应一旦被缓存，多人会拿到同一个 state。',
    ),
  );
}
