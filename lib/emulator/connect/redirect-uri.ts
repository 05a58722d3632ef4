import type { Phrase } from '../pages/language';
import type { EmulatorApp } from '../world/apps/apps';

/**
 * The reason why WeChat does not redirect to this address; undefined if it does. WeChat compares hosts as
 * text, port included: a subdomain, a parent domain or an explicit `:443` is another host. In a path,
 * capitals and small letters differ.
 */
export function redirectURIProblem(
  redirectURI: string,
  app: { readonly appId: string; readonly domains?: EmulatorApp['domains'] | undefined },
): Phrase | undefined {
  const match = AUTHORITY_AND_PATH.exec(redirectURI);
  if (!match || !URL.canParse(redirectURI)) {
    return {
      zh: `redirect_uri ${JSON.stringify(redirectURI)} 不是 http(s) 地址`,
      en: `redirect_uri ${JSON.stringify(redirectURI)} is not an http: or https: address`,
    };
  }
  const [, authority = '', path = ''] = match;
  const fits = (domain: string): boolean => matches(domain, authority.toLowerCase(), path);
  if (!app.domains || app.domains.some(fits)) return undefined;
  const address = authority + path;
  const hint = app.domains.length === 0 ? { zh: '', en: '' } : relayHint(authority);
  return {
    zh: `${address} 不在 ${app.appId} 的回调域名范围内：${app.domains.join('、') || '未配置'}${hint.zh}`,
    en: `${address} is not within the callback domains of ${app.appId}: ${app.domains.join(', ') || 'none'}${hint.en}`,
  };
}

const relayHint = (domain: string): Phrase => ({
  zh: `。请把 ${domain} 也填进去，或让回调经过已填域名之一的中转（relay）`,
  en: `. Enter ${domain}, too, or let the callback pass through a relay on one of these domains`,
});

const AUTHORITY_AND_PATH = /^https?:\/\/([^/?#\\]+)([^?#]*)/i;

function matches(domain: string, authority: string, path: string): boolean {
  const slash = domain.indexOf('/');
  const host = (slash < 0 ? domain : domain.slice(0, slash)).toLowerCase();
  if (slash < 0) return authority === host;
  const prefix = domain.slice(slash).replace(/(?<!\/)\/+$/, '');
  return authority === host && (path === prefix || path.startsWith(`${prefix}/`));
}
