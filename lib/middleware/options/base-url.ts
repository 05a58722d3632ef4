/** The public address of the app: what WeChat takes for one, and its parts. */
import { isIP } from 'node:net';
import { shown } from './options-error';

export interface Base {
  readonly origin: string;
  /** What a proxy strips, without a slash at the end; empty for none. */
  readonly path: string;
}

export function splitBase(baseURL: string): Base {
  const { origin, pathname } = new URL(baseURL);
  return { origin, path: pathname.replace(/\/+$/, '') };
}

const CONSOLE =
  'In the console (公众平台 > 设置与开发 > 账号设置 > 功能设置 > 网页授权域名; 开放平台 > 网站应用 > 授权回调域) stands a bare host name';

/**
 * What is wrong with the public address of the app. Where WeChat itself is asked, its console's rules for the callback domain count:
 * a public host name, no port. A test account (测试号) may use an address of the local network.
 */
export function baseURLFault(address: string, asksWechat: boolean): string | undefined {
  const example = 'Write it as https://h5.example.com.';
  const is = `is ${shown(address)}`;
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address))
    return `${is}, which is no http: or https: address. ${example}`;
  const { search, hash, username, password, hostname, pathname, port } = new URL(address);
  if (search || hash || /[?#]/.test(address))
    return `${is}, which has a query or a fragment. ${CONSOLE}, without either. ${example}`;
  if (username || password) return `has a user or a password in it. ${example}`;
  if (pathname.includes('//')) return `${is}, which has two slashes in a row in its path. ${example}`;
  if (!asksWechat || isLocal(hostname)) return undefined;
  const refused = 'WeChat would answer 10003 (redirect_uri 域名与后台配置不一致)';
  if (port)
    return `${is}, which has a port: ${refused}. ${CONSOLE}, without a port. Serve the app on the usual port, 443 (http: 80).`;
  if (isIP(hostname.replace(/^\[|\]$/g, '')))
    return `${is}, which is an IP address: ${refused}. ${CONSOLE}. Use a host name.`;
  return undefined;
}

function isLocal(hostname: string): boolean {
  return /^(?:localhost|.*\.localhost|127\..*|10\..*|192\.168\..*|172\.(?:1[6-9]|2\d|3[01])\..*|\[::1\]|\[f[cd].*)$/.test(
    hostname,
  );
}
