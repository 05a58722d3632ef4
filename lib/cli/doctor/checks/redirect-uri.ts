/** Checks the redirect URI of the authorization request, to which WeChat redirects browsers. */
import { callbackBehindRelay, relayRedirectURI } from '../../../relay/redirect-uri';
import { bilingual } from '../../bilingual';
import { usesRealPages, type Configuration } from '../configuration';
import { callbackOf, httpURL, type AuthorizationRequest } from '../probe/login-probe';
import { callbackPath, actsAsProxy, publicURL, type Site } from '../probe/site';
import { failed, ok, type Fault, type Finding } from '../report/check-list';
import { untrustedText } from '../report/untrusted-text';
import { checkBaseURL, usableBase, usableRelay } from './base-url';

const ID = 'redirect-uri';

/**
 * The redirect URI must be baseURL + mount + route, or a relay that sends browsers on to that address: WeChat
 * compares its host with the callback domain, and the session cookie is bound to the host of the app.
 */
export function checkRedirectURI(
  configuration: Configuration,
  site: Site,
  requests: readonly AuthorizationRequest[],
): Finding {
  const callback = callbackURL(configuration, site);
  const relay = usableRelay(configuration);
  const expected = relay === undefined ? callback.href : relayRedirectURI(relay, callback.href);
  const wrong = requests.find(({ redirectURI }) => redirectURI !== expected);
  if (wrong)
    return failed(
      ID,
      otherRelayFault(relay, wrong, expected) ?? redirectURIFault(configuration, callbackOf(wrong), callback),
    );
  const fault = originFault(callback, site.public) ?? derivedBaseFault(configuration, site);
  return fault ? failed(ID, fault) : ok(ID, bilingual(expected, expected));
}

/** The app's callback route, as browsers find it. */
export function callbackURL(configuration: Configuration, site: Site): URL {
  const base = usableBase(configuration) ?? site.public;
  return publicURL({ ...site, public: base }, callbackPath(site));
}

/** The app and the doctor have different relays, or only one of them has one. */
function otherRelayFault(
  relay: string | undefined,
  { redirectURI }: AuthorizationRequest,
  expected: string,
): Fault | undefined {
  const isRelayed = callbackBehindRelay(redirectURI) !== undefined;
  const isSame = relay === undefined ? !isRelayed : redirectURI.startsWith(relayRedirectURI(relay, ''));
  if (isSame || !httpURL(redirectURI)) return undefined;
  return {
    detail: TEXTS.differs(untrustedText(redirectURI), expected),
    remedy: isRelayed ? TEXTS.otherRelay : TEXTS.notThroughRelay,
  };
}

function redirectURIFault({ accountBy }: Configuration, redirectURI: string, expected: URL): Fault {
  const detail = TEXTS.differs(untrustedText(redirectURI), expected.href);
  const actual = httpURL(redirectURI);
  if (!actual) return TEXTS.notAnAddress(untrustedText(redirectURI));
  if (actual.host !== expected.host)
    return { detail, remedy: accountBy === 'host' ? TEXTS.otherHostOfAccount : TEXTS.otherHost };
  return actual.pathname === expected.pathname
    ? { detail, remedy: TEXTS.otherScheme(actual.protocol) }
    : { detail, remedy: TEXTS.otherPath };
}

/** Logins must start on the origin of the callback, because browsers send the session cookie only there. */
function originFault(expected: URL, start: URL): Fault | undefined {
  if (expected.host !== start.host) return TEXTS.startsOnOtherHost(start.host, expected.host);
  return expected.origin === start.origin
    ? undefined
    : TEXTS.startsOnOtherScheme(start.protocol, expected.origin);
}

/** A public address that was derived from the app's redirect URI has not been checked yet. */
function derivedBaseFault(configuration: Configuration, site: Site): Fault | undefined {
  if (configuration.baseURL !== undefined || !actsAsProxy(site)) return undefined;
  const { status, detail, remedy } = checkBaseURL(
    publicURL(site, '').href.replace(/\/$/, ''),
    usesRealPages(configuration),
    configuration.relay !== undefined,
  );
  return status === 'failed' && remedy ? { detail, remedy } : undefined;
}

export const FIX_REDIRECT_URI = bilingual(
  'Set baseURL, or correct it. If it is right, find the proxy or CDN that rewrites the Location header.',
  '请设置或更正 baseURL；如果它是正确的，请检查是否有代理或 CDN 改写了 Location 头。',
);

const TEXTS = {
  differs: (redirectURI: string, expected: string) =>
    bilingual(`is ${redirectURI}, and not ${expected}`, `是 ${redirectURI}，而不是 ${expected}`),
  notAnAddress: (redirectURI: string) => ({
    detail: bilingual(
      `is "${redirectURI}", which is not an http: or https: address`,
      `是 "${redirectURI}"，不是 http: 或 https: 地址`,
    ),
    remedy: FIX_REDIRECT_URI,
  }),
  otherRelay: bilingual(
    'Give the app and the doctor the same relay (WECHAT_RELAY), or give neither of them a relay.',
    '请让应用与 doctor 使用同一个中转（WECHAT_RELAY），或都不使用。',
  ),
  notThroughRelay: bilingual(
    'The app does not use this relay: give it the option `relay` or WECHAT_RELAY, and restart it.',
    '应用没有使用这个中转：请为它设置选项 relay 或 WECHAT_RELAY，并重新启动。',
  ),
  otherScheme: (protocol: string) =>
    bilingual(
      `The app believes that browsers use ${protocol}//: set its baseURL, or let it trust the proxy ` +
        "(Express: app.set('trust proxy', 1)).",
      `应用以为浏览器通过 ${protocol}// 访问：请设置 baseURL，或信任代理（Express：app.set('trust proxy', 1)）。`,
    ),
  otherPath: bilingual(
    'The path differs: compare the mount path, `routes.callback` and the path of `baseURL` with --mount, --callback ' +
      'and WECHAT_BASE_URL.',
    '路径不同：请核对挂载路径、routes.callback 与 baseURL 的路径是否与 --mount、--callback 和 WECHAT_BASE_URL 一致。',
  ),
  otherHost: bilingual(
    'The app has another baseURL. Or it has none, and its proxy does not pass the Host header on. ' +
      'Set the same WECHAT_BASE_URL for the app.',
    '应用的 baseURL 不同，或未设置且代理没有转发 Host 头。请为应用设置相同的 WECHAT_BASE_URL。',
  ),
  otherHostOfAccount: bilingual(
    'The app has a baseURL, which is the same for all hosts: remove the option `baseURL` and WECHAT_BASE_URL. Or its ' +
      'proxy does not pass the Host header on.',
    '应用设置了 baseURL，它对所有域名都相同：请去掉选项 baseURL 和 WECHAT_BASE_URL。也可能是代理没有转发 Host 头。',
  ),
  startsOnOtherHost: (start: string, callback: string) => ({
    detail: bilingual(
      `logins start at ${start}, but WeChat sends browsers back to ${callback}`,
      `登录从 ${start} 发起，微信却回到 ${callback}`,
    ),
    remedy: bilingual(
      'A browser does not send the session cookie of one host to another. Serve all pages on one host, ' +
        'or give the doctor --url with the host of baseURL.',
      '一个域名的会话 cookie 不会发送到另一个。请统一域名，或让 --url 与 baseURL 一致。',
    ),
  }),
  startsOnOtherScheme: (protocol: string, callback: string) => ({
    detail: bilingual(
      `logins start at ${protocol}//, but WeChat sends browsers back to ${callback}`,
      `登录从 ${protocol}// 发起，微信却回到 ${callback}`,
    ),
    remedy: bilingual(
      'Use https for all pages, for baseURL and for --url.',
      '请让所有页面、baseURL 与 --url 都使用 https。',
    ),
  }),
};
