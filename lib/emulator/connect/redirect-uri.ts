import type { Phrase } from '../pages/language';
import type { EmulatorApp } from '../world/apps';

const AUTHORITY_AND_PATH = /^https?:\/\/([^/?#\\]+)([^?#]*)/i;

function underPath(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

function fits(domain: string, authority: string, path: string): boolean {
  const slash = domain.indexOf('/');
  if (slash < 0) return authority === domain;
  return authority === domain.slice(0, slash) && underPath(path, domain.slice(slash).replace(/\/+$/, ''));
}

/**
 * Why an app may not be called back there, or undefined. Hosts are compared whole and as written, port included: a
 * sub domain, a parent domain or an explicit `:443` is another host.
 */
export function redirectURIFault(redirectURI: string, app: EmulatorApp): Phrase | undefined {
  const match = AUTHORITY_AND_PATH.exec(redirectURI);
  if (!match || !URL.canParse(redirectURI)) {
    return {
      zh: `redirect_uri ${JSON.stringify(redirectURI)} 不是 http(s) 地址`,
      en: `redirect_uri ${JSON.stringify(redirectURI)} is no http(s) address`,
    };
  }
  const [, authority = '', path = ''] = match;
  if (!app.domains || app.domains.some((domain) => fits(domain.toLowerCase(), authority.toLowerCase(), path)))
    return undefined;
  return {
    zh: `${authority} 不在 ${app.appId} 的回调域名中：${app.domains.join('、') || '未配置'}`,
    en: `${authority} is not among the domains of ${app.appId}: ${app.domains.join(', ') || 'none'}`,
  };
}
