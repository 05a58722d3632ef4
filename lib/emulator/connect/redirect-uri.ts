import type { Phrase } from '../pages/language';
import type { EmulatorApp } from '../world/apps';

/**
 * Why WeChat does not redirect to this address; undefined if it does. WeChat compares hosts as they are
 * written, port included: a subdomain, a parent domain or an explicit `:443` is another host.
 */
export function redirectURIFault(redirectURI: string, app: EmulatorApp): Phrase | undefined {
  const match = AUTHORITY_AND_PATH.exec(redirectURI);
  if (!match || !URL.canParse(redirectURI)) {
    return {
      zh: `redirect_uri ${JSON.stringify(redirectURI)} 不是 http(s) 地址`,
      en: `redirect_uri ${JSON.stringify(redirectURI)} is not an http: or https: address`,
    };
  }
  const [, authority = '', path = ''] = match;
  const fits = (domain: string): boolean => matches(domain.toLowerCase(), authority.toLowerCase(), path);
  if (!app.domains || app.domains.some(fits)) return undefined;
  return {
    zh: `${authority} 不在 ${app.appId} 的回调域名中：${app.domains.join('、') || '未配置'}`,
    en: `${authority} is not a callback domain of ${app.appId}: ${app.domains.join(', ') || 'it has none'}`,
  };
}

const AUTHORITY_AND_PATH = /^https?:\/\/([^/?#\\]+)([^?#]*)/i;

function matches(domain: string, authority: string, path: string): boolean {
  const slash = domain.indexOf('/');
  if (slash < 0) return authority === domain;
  const prefix = domain.slice(slash).replace(/(?<!\/)\/+$/, '');
  return authority === domain.slice(0, slash) && (path === prefix || path.startsWith(`${prefix}/`));
}
