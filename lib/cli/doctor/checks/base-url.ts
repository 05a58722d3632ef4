/** The public address of the app, held against the rules of WeChat's consoles. */
import { isIP } from 'node:net';
import { bilingual } from '../../bilingual';
import { bareHost, isPrivateHost } from '../probe/private-hosts';
import { failed, ok, skipped, warning, type Fault, type Finding } from '../report/check-list';
import { findStray } from './stray-characters';

const ID = 'base-url';

export function checkBaseURL(baseURL: string | undefined, withWechat: boolean): Finding {
  if (baseURL === undefined) return withWechat ? warning(ID, TEXTS.missing) : skipped(ID, TEXTS.notGiven);
  const fault = formFault(baseURL);
  if (fault) return failed(ID, fault);
  const finding = withWechat ? checkHost(new URL(baseURL)) : undefined;
  return finding ?? ok(ID, bilingual(baseURL, baseURL));
}

/** The public address, if one is given that is an address. */
export function usableBase({ baseURL }: { readonly baseURL: string | undefined }): URL | undefined {
  return baseURL !== undefined && formFault(baseURL) === undefined ? new URL(baseURL) : undefined;
}

function formFault(baseURL: string): Fault | undefined {
  // Letters of other scripts are the matter of the console's rules.
  const stray = findStray(baseURL.replace(/\p{L}/gu, 'x'));
  if (stray) return { detail: stray, remedy: EXAMPLE };
  if (!/^https?:\/\//i.test(baseURL) || !URL.canParse(baseURL)) return TEXTS.notAnAddress;
  const { username, password, pathname } = new URL(baseURL);
  if (username || password) return TEXTS.user;
  if (/[?#]/.test(baseURL)) return TEXTS.query;
  return pathname.includes('//') ? TEXTS.twoSlashes : undefined;
}

/**
 * The console takes a bare host name, or for an official account one with a path, and compares it with the
 * redirect URI.
 */
function checkHost(url: URL): Finding | undefined {
  const host = bareHost(url);
  if (isPrivateHost(url)) return warning(ID, TEXTS.privateHost(host));
  if (url.port) return failed(ID, TEXTS.port(url.port));
  if (isIP(host)) return failed(ID, TEXTS.ipAddress);
  if (!/^[a-z\d-]+(?:\.[a-z\d-]+)+$/.test(host)) return failed(ID, TEXTS.characters(host));
  if (/(?:^|\.)xn--/.test(host)) return warning(ID, TEXTS.international(host));
  return url.protocol === 'http:' ? warning(ID, TEXTS.http(url.href)) : undefined;
}

const EXAMPLE = bilingual('Write it as https://h5.example.com.', '请写成 https://h5.example.com。');
const MISMATCH = bilingual(
  'WeChat would show 10003 (redirect_uri域名与后台配置不一致).',
  '微信会显示 10003（redirect_uri域名与后台配置不一致）。',
);

const TEXTS = {
  missing: {
    detail: bilingual(
      'is not given: the app takes its address from the Host header, which a client can forge',
      '未给出：应用将从 Host 头推断地址，而客户端可以伪造',
    ),
    remedy: bilingual(
      'Set WECHAT_BASE_URL, such as https://h5.example.com.',
      '请设置 WECHAT_BASE_URL，例如 https://h5.example.com。',
    ),
  },
  notGiven: bilingual('not given', '未给出'),
  notAnAddress: {
    detail: bilingual('is not an http: or https: address', '不是 http: 或 https: 地址'),
    remedy: EXAMPLE,
  },
  user: { detail: bilingual('has a user or a password in it', '含有用户名或密码'), remedy: EXAMPLE },
  query: { detail: bilingual('has a query or a fragment', '含有查询参数或 # 片段'), remedy: EXAMPLE },
  twoSlashes: {
    detail: bilingual('has two slashes in a row in its path', '路径中有连续的斜杠'),
    remedy: EXAMPLE,
  },
  privateHost: (host: string) => ({
    detail: bilingual(`${host} is not reachable from outside`, `${host} 无法从公网访问`),
    remedy: bilingual(
      'Only a test account (测试号) takes such an address; for anything else use a public host name.',
      '只有测试号可以使用这样的地址；其余情况请使用公网域名。',
    ),
  }),
  port: (port: string) => ({
    detail: bilingual(`has a port, ${port}`, `带有端口 ${port}`),
    remedy: bilingual(
      `${MISMATCH.en} Serve the app on 443 (http: 80), and leave the port out.`,
      `${MISMATCH.zh}请使用 443 端口（http 为 80），并去掉端口。`,
    ),
  }),
  ipAddress: {
    detail: bilingual('is an IP address', '是 IP 地址'),
    remedy: bilingual(`${MISMATCH.en} Use a host name.`, `${MISMATCH.zh}请使用域名。`),
  },
  characters: (host: string) => ({
    detail: bilingual(
      `${host} has characters other than letters, digits, "-" and "."`,
      `${host} 含有字母、数字、"-"、"." 以外的字符`,
    ),
    remedy: bilingual(
      "WeChat's console takes no others: use another host name.",
      '微信后台不接受其他字符：请换一个域名。',
    ),
  }),
  international: (host: string) => ({
    detail: bilingual(`is the international name ${host}`, `是国际化域名 ${host}`),
    remedy: bilingual(
      'Enter it in the console in exactly this form (letters, digits, "-"), and try a login: this is not documented.',
      '请在后台按此形式（字母、数字、"-"）填写，并实际登录一次：官方文档没有说明。',
    ),
  }),
  http: (href: string) => ({
    detail: bilingual(`${href} is not encrypted`, `${href} 未加密`),
    remedy: bilingual(
      'Use https: over http, others on the network can read codes and session cookies.',
      '请使用 https：http 下 code 与会话 cookie 会在途中被读取。',
    ),
  }),
};
