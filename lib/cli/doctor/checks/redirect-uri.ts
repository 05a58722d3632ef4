/** Where WeChat is told to come back to. */
import { checkBaseURL, usableBase } from './base-url';
import { failed, ok, type Finding } from '../report/check-list';
import { usesRealWechat, type Configuration } from './configuration';
import { playsProxy, withoutSlash, type Site } from '../probe/site';
import type { Sent } from '../probe/login-probe';
import { bilingual, type Bilingual } from '../report/bilingual';

/** redirect_uri = baseURL + mount + route, without exception: WeChat compares its host, and the cookie is bound to it. */
export function checkRedirectURI(configuration: Configuration, site: Site, sent: readonly Sent[]): Finding {
  const id = 'redirect-uri';
  const base = usableBase(configuration) ?? site.public;
  const expected = base.origin + withoutSlash(base.pathname) + site.routes.mount + site.routes.callback;
  const odd = sent.find(({ redirectURI }) => redirectURI !== expected)?.redirectURI;
  if (odd === undefined) return checkHosts(configuration, site, expected);
  const detail = bilingual(`is ${odd}, and not ${expected}`, `是 ${odd}，而不是 ${expected}`);
  return failed(id, detail, remedyFor(odd, expected));
}

function remedyFor(odd: string, expected: string): Bilingual {
  const is = URL.canParse(odd) ? new URL(odd) : undefined;
  const should = new URL(expected);
  if (is?.host === should.host && is.pathname === should.pathname)
    return bilingual(
      `The app takes itself for ${is.protocol}//: set its baseURL, or let it trust the proxy (Express: app.set('trust proxy', 1)).`,
      `应用以为自己运行在 ${is.protocol}// 上：请设置 baseURL，或信任代理（Express：app.set('trust proxy', 1)）。`,
    );
  if (is?.host === should.host)
    return bilingual(
      'The path differs: compare mount path, routes.callback and the path of baseURL with --mount, --callback and WECHAT_BASE_URL.',
      '路径不同：请将挂载路径、routes.callback 与 baseURL 的路径，同 --mount、--callback 与 WECHAT_BASE_URL 核对。',
    );
  return bilingual(
    'The app has another baseURL, or none while its proxy does not pass the Host header on. Set the same WECHAT_BASE_URL for the app.',
    '应用的 baseURL 不同，或未设置且代理没有转发 Host 头。请为应用设置相同的 WECHAT_BASE_URL。',
  );
}

function checkHosts(configuration: Configuration, site: Site, expected: string): Finding {
  const id = 'redirect-uri';
  const { host, origin } = new URL(expected);
  if (host !== site.public.host)
    return failed(
      id,
      bilingual(
        `logins start at ${site.public.host}, but WeChat comes back to ${host}`,
        `登录从 ${site.public.host} 发起，微信却回到 ${host}`,
      ),
      bilingual(
        'The session cookie of one host is not sent to the other. Let all pages be on one host, or give --url that of baseURL.',
        '一个域名的会话 cookie 不会发送到另一个。请统一域名，或让 --url 与 baseURL 一致。',
      ),
    );
  if (origin !== site.public.origin)
    return failed(
      id,
      bilingual(
        `logins start at ${site.public.protocol}//, but WeChat comes back to ${origin}`,
        `登录从 ${site.public.protocol}// 发起，微信却回到 ${origin}`,
      ),
      bilingual(
        'Let all pages be https, and baseURL and --url too.',
        '请让所有页面、baseURL 与 --url 都使用 https。',
      ),
    );
  const told = configuration.baseURL === undefined && playsProxy(site);
  // Nobody gave it, so nobody has judged it yet.
  const judged = told
    ? checkBaseURL(site.public.href.replace(/\/$/, ''), usesRealWechat(configuration))
    : undefined;
  if (judged?.status === 'failed' && judged.remedy) return failed(id, judged.detail, judged.remedy);
  return ok(id, bilingual(expected, expected));
}
