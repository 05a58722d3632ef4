/**
 * Checks the running app: its login route, its cookies, and whether it still knows the login at the callback.
 */
import type { PageAccountFlow } from '../../../oauth/flows';
import { isLoopback } from '../../../oauth/transport/environment-proxy';
import { bilingual } from '../../bilingual';
import type { Configuration } from '../configuration';
import { UnreachableError, probe, type ProbeLimits } from '../probe/http-probe';
import { callbackOf, httpURL, probeLogin, type LoginProbe, type StartedLogin } from '../probe/login-probe';
import { isPrivateHost } from '../../../middleware/options/private-host';
import { callbackPath, actsAsProxy, siteOf, type AppRoutes, type Site } from '../probe/site';
import { DESKTOP_CLIENT, WECHAT_CLIENT } from '../probe/user-agents';
import { failed, ok, warning, type Finding } from '../report/check-list';
import { usableBase } from './base-url';
import { checkCallback } from './callback';
import { checkCookies } from './cookies';
import { checkLogins, type LoginProbes } from './login';
import { checkRedirectURI } from './redirect-uri';

export interface AppProbe {
  readonly findings: readonly Finding[];
  /** The app, with its public address if that is known. */
  readonly site: Site;
  /** The AppID of each flow in which a login started. */
  readonly appIds: Readonly<Partial<Record<PageAccountFlow, string>>>;
}

export async function checkApp(
  configuration: Configuration,
  url: URL,
  routes: AppRoutes,
  limits: ProbeLimits,
): Promise<AppProbe> {
  const given = usableBase(configuration);
  let site = siteOf(url, given, routes);
  try {
    let logins = await probeLogins(site, limits);
    // If the app listens on a private address and no public one was given, its redirect URI shows the public
    // one.
    const base = given ? undefined : baseInRedirectURI(site, logins);
    if (base) {
      site = siteOf(url, base, routes);
      logins = await probeLogins(site, limits);
    }
    return { site, appIds: appIdsIn(logins), findings: await judge(configuration, site, logins, limits) };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return { site, appIds: {}, findings: [failed('app-reachable', TEXTS.unreachable(url, error))] };
  }
}

async function probeLogins(site: Site, limits: ProbeLimits): Promise<LoginProbes> {
  const [inWechat, onDesktop] = await Promise.all([
    probeLogin(site, WECHAT_CLIENT, limits),
    probeLogin(site, DESKTOP_CLIENT, limits),
  ]);
  return { inWechat, onDesktop };
}

function startedLogins({ inWechat, onDesktop }: LoginProbes): StartedLogin[] {
  return [inWechat, onDesktop].filter((login): login is StartedLogin => login.kind === 'started');
}

function appIdsIn(logins: LoginProbes): AppProbe['appIds'] {
  const shown = startedLogins(logins).map(({ flow, url }) => [flow, url.searchParams.get('appid') ?? '']);
  return Object.fromEntries(shown) as AppProbe['appIds'];
}

function baseInRedirectURI(site: Site, logins: LoginProbes): URL | undefined {
  const [login] = startedLogins(logins);
  const callback = login && httpURL(callbackOf(login));
  if (!callback || !isPrivateHost(site.url)) return undefined;
  const { origin, pathname } = callback;
  const end = callbackPath(site);
  return origin !== site.url.origin && pathname.endsWith(end)
    ? new URL(origin + pathname.slice(0, -end.length))
    : undefined;
}

async function judge(
  configuration: Configuration,
  site: Site,
  logins: LoginProbes,
  limits: ProbeLimits,
): Promise<Finding[]> {
  const reached = await checkReached(site, logins, limits);
  if (reached.status === 'failed') return [reached];
  const started = startedLogins(logins);
  const [first] = started;
  const findings = [reached, ...checkLogins(configuration, site, logins)];
  if (!first) return findings;
  const redirectURI = checkRedirectURI(configuration, site, started);
  return [
    ...findings,
    redirectURI,
    checkState(started),
    checkNoStore(started),
    ...checkCookies(site, first),
    await checkCallback(site, started, redirectURI),
  ];
}

async function checkReached(
  site: Site,
  { inWechat, onDesktop }: LoginProbes,
  limits: ProbeLimits,
): Promise<Finding> {
  const { url } = site;
  const to = inWechat.kind === 'redirect' && onDesktop.kind === 'redirect' ? inWechat.to : undefined;
  if (to && httpURL(to.href) && to.origin !== site.public.origin)
    return failed('app-reachable', TEXTS.redirects(url.origin, to.origin));
  if (!actsAsProxy(site)) return ok('app-reachable', TEXTS.reached(url.host, inWechat.response.duration));
  return (await isRefusedHere(site, limits))
    ? warning('app-reachable', TEXTS.nothingListens(url.host, site.public.origin))
    : ok('app-reachable', TEXTS.asProxy(url.host, site.public.origin));
}

/** Whether browsers of this machine cannot connect to the public address: its port may be a mistake. */
async function isRefusedHere({ url, public: seen }: Site, limits: ProbeLimits): Promise<boolean> {
  if (!isLoopback(seen.hostname) || seen.port === url.port) return false;
  try {
    await probe(seen, limits);
    return false;
  } catch (error) {
    return error instanceof UnreachableError && error.message === 'ECONNREFUSED';
  }
}

function checkState(logins: readonly StartedLogin[]): Finding {
  const states = logins.map(({ state }) => state);
  const isWellFormed = states.every((state) => /^[a-zA-Z\d]{16,128}$/.test(state));
  return isWellFormed && new Set(states).size === states.length
    ? ok('state', TEXTS.goodState)
    : failed('state', TEXTS.badState);
}

function checkNoStore(logins: readonly LoginProbe[]): Finding {
  const isUncached = logins.every(({ response }) =>
    /\bno-store\b/i.test(response.headers['cache-control'] ?? ''),
  );
  return isUncached ? ok('no-store', TEXTS.noStore) : failed('no-store', TEXTS.cacheable);
}

const TEXTS = {
  unreachable: (url: URL, { stage, detail, remedy }: UnreachableError) => ({
    detail: bilingual(`${url.host}: ${detail.en}`, `${url.host}：${detail.zh}`),
    // An app that runs changes neither of these two.
    remedy: ['dns', 'tls'].includes(stage)
      ? bilingual(`Check --url. ${remedy.en}`, `请核对 --url。${remedy.zh}`)
      : bilingual(
          `Start the app, and compare its address with --url. ${remedy.en}`,
          `请启动应用，并核对 --url。${remedy.zh}`,
        ),
  }),
  redirects: (from: string, to: string) => ({
    detail: bilingual(`${from} redirects browsers to ${to}`, `${from} 把浏览器转到 ${to}`),
    remedy: bilingual(
      `Run the doctor again with --url ${to}: logins must start on the host that WeChat sends browsers back to.`,
      `请改用 --url ${to} 再运行一次；登录必须从微信回调的那个域名发起。`,
    ),
  }),
  reached: (host: string, ms: number) => bilingual(`${host}, ${ms} ms`, `${host}，${ms} ms`),
  asProxy: (host: string, origin: string) =>
    bilingual(`${host}, requested the way its proxy at ${origin} does`, `${host}，模拟 ${origin} 的代理访问`),
  nothingListens: (host: string, origin: string) => ({
    detail: bilingual(
      `${host} responds, but nothing listens at the public address ${origin}`,
      `${host} 有响应，但公网地址 ${origin} 没有程序在监听`,
    ),
    remedy: bilingual(
      'WeChat sends browsers there: correct WECHAT_BASE_URL (`baseURL` of the app), or start the proxy.',
      '微信会把浏览器转到该地址：请更正 WECHAT_BASE_URL（应用的 baseURL），或启动代理。',
    ),
  }),
  goodState: bilingual('letters and digits, different each time', '由字母与数字组成，每次不同'),
  badState: {
    detail: bilingual(
      'is missing or repeated, or is not 16 to 128 letters and digits: WeChat returns only those unchanged',
      '缺失、重复，或不是 16 到 128 位字母与数字（微信只会原样带回这样的值）',
    ),
    remedy: bilingual(
      'Find the proxy or CDN that caches or rewrites the responses of the app.',
      '请检查是否有代理或 CDN 缓存、改写了应用的响应。',
    ),
  },
  noStore: bilingual('Cache-Control: no-store', 'Cache-Control: no-store'),
  cacheable: {
    detail: bilingual(
      'the login response lacks Cache-Control: no-store',
      '登录响应缺少 Cache-Control: no-store',
    ),
    remedy: bilingual(
      'A proxy, a CDN or another middleware removes it. ' +
        'A cached login gives many people the same state.',
      '代理、CDN 或其他中间件去掉了它：登录响应一旦被缓存，多人会拿到同一个 state。',
    ),
  },
};
