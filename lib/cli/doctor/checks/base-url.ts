/** The public address of the app, held against the rules of WeChat's consoles. */
import { isIP } from 'node:net';
import { failed, ok, skipped, warning, type Finding } from '../report/check-list';
import { findStray } from '../probe/stray-characters';
import { bareHost, isPrivateHost } from '../probe/private-hosts';
import { bilingual } from '../report/bilingual';

const BASE = 'base-url';
const EXAMPLE = bilingual('Write it as https://h5.example.com.', '请写成 https://h5.example.com。');

/** WeChat's console takes a bare host name, or on the official account one with a path, and compares it with the redirect_uri. */
export function checkBaseURL(baseURL: string | undefined, withWechat: boolean): Finding {
  if (baseURL === undefined)
    return withWechat
      ? warning(
          BASE,
          bilingual(
            'is not given: the app takes its address from the Host header, which a client can forge',
            '未给出：应用将从 Host 头推断地址，而客户端可以伪造',
          ),
          bilingual(
            'Set WECHAT_BASE_URL, such as https://h5.example.com.',
            '请设置 WECHAT_BASE_URL，例如 https://h5.example.com。',
          ),
        )
      : skipped(BASE, bilingual('not given', '未给出'));
  // Letters of other scripts are another matter: see below.
  const dirt = findStray(baseURL.replace(/\p{L}/gu, 'x'));
  if (dirt) return failed(BASE, dirt, EXAMPLE);
  if (!/^https?:\/\//i.test(baseURL) || !URL.canParse(baseURL))
    return failed(BASE, bilingual('is no http: or https: address', '不是 http: 或 https: 地址'), EXAMPLE);
  const url = new URL(baseURL);
  return (
    faultInForm(url, baseURL) ??
    (withWechat ? checkHost(url, baseURL) : ok(BASE, bilingual(baseURL, baseURL)))
  );
}

function faultInForm({ username, password, pathname }: URL, baseURL: string): Finding | undefined {
  if (username || password)
    return failed(BASE, bilingual('has a user or a password in it', '含有用户名或密码'), EXAMPLE);
  if (/[?#]/.test(baseURL))
    return failed(BASE, bilingual('has a query or a fragment', '含有查询参数或 # 片段'), EXAMPLE);
  if (pathname.includes('//'))
    return failed(BASE, bilingual('has two slashes in a row in its path', '路径中有连续的斜杠'), EXAMPLE);
  return undefined;
}

/** The public address, where it can be told from what is given. */
export function usableBase({ baseURL }: { readonly baseURL: string | undefined }): URL | undefined {
  return baseURL !== undefined && checkBaseURL(baseURL, false).status === 'ok' ? new URL(baseURL) : undefined;
}

const MISMATCH = bilingual(
  'WeChat would show 10003 (redirect_uri域名与后台配置不一致).',
  '微信会显示 10003（redirect_uri域名与后台配置不一致）。',
);

function checkHost(url: URL, baseURL: string): Finding {
  const host = bareHost(url);
  if (isPrivateHost(url))
    return warning(
      BASE,
      bilingual(`${host} is not reachable from outside`, `${host} 无法从公网访问`),
      bilingual(
        'Only a test account (测试号) takes such an address; for anything else use a public host name.',
        '只有测试号可以使用这样的地址；其余情况请使用公网域名。',
      ),
    );
  if (url.port)
    return failed(
      BASE,
      bilingual(`has a port, ${url.port}`, `带有端口 ${url.port}`),
      bilingual(
        `${MISMATCH.en} Serve the app on 443 (http: 80), and leave the port out.`,
        `${MISMATCH.zh}请使用 443 端口（http 为 80），并去掉端口。`,
      ),
    );
  if (isIP(host))
    return failed(
      BASE,
      bilingual('is an IP address', '是 IP 地址'),
      bilingual(`${MISMATCH.en} Use a host name.`, `${MISMATCH.zh}请使用域名。`),
    );
  if (!/^[a-z\d-]+(?:\.[a-z\d-]+)+$/.test(host))
    return failed(
      BASE,
      bilingual(
        `${host} has other characters than letters, digits, "-" and "."`,
        `${host} 含有字母、数字、"-"、"." 以外的字符`,
      ),
      bilingual(
        "WeChat's console takes no other: use another host name.",
        '微信后台不接受其他字符：请换一个域名。',
      ),
    );
  if (/(?:^|\.)xn--/.test(host))
    return warning(
      BASE,
      bilingual(`is the international name ${host}`, `是国际化域名 ${host}`),
      bilingual(
        'Enter it in the console in just this form (letters, digits, "-"), and try a login: this is not documented.',
        '请在后台按此形式（字母、数字、"-"）填写，并实际登录一次：官方文档没有说明。',
      ),
    );
  if (url.protocol === 'http:')
    return warning(
      BASE,
      bilingual(`${baseURL} is not encrypted`, `${baseURL} 未加密`),
      bilingual(
        'Use https: over http, codes and session cookies can be read on the way.',
        '请使用 https：http 下 code 与会话 cookie 会在途中被读取。',
      ),
    );
  return ok(BASE, bilingual(baseURL, baseURL));
}
