/**
 * The rules for the public address of an app and for that of its relay, one row each. `wechatAuth()` refuses
 * an address with the first fault that it finds; the doctor reports all faults and warnings.
 */
import type { Bilingual } from '../../bilingual';
import { ipVersion } from '../http/ip-version';
import { FLOWS, PAGE_ACCOUNT_FLOWS } from '../../oauth/flows';
import { RELAY_ROUTE } from '../../relay/redirect-uri';
import { bareHost, isPrivateHost } from './private-host';

export interface AddressFault {
  /** Whether logins may work nevertheless. */
  readonly isWarning: boolean;
  /** The predicate of a sentence about the address: "has a port (8443)". */
  readonly what: Bilingual;
  /** Sentences. Several faults may share some. */
  readonly remedy: readonly Bilingual[];
}

interface Address {
  readonly text: string;
  readonly url: URL;
  readonly host: string;
}

interface Rule {
  readonly isBroken: (address: Address) => boolean;
  readonly isWarning?: true;
  readonly what: (address: Address) => Bilingual;
  readonly remedy: readonly Bilingual[];
}

/** @param usesRealPages whether WeChat's own pages check the callback domain; an emulator accepts more */
export function addressFaults(text: string, usesRealPages: boolean): AddressFault[] {
  return faultsBy(FORM_RULES, text, usesRealPages);
}

/** The same for the address of a relay, whose host is then the callback domain. */
export function relayFaults(text: string, usesRealPages: boolean): AddressFault[] {
  return faultsBy([...FORM_RULES, RELAY_RULE], text, usesRealPages);
}

function faultsBy(formRules: readonly Rule[], text: string, usesRealPages: boolean): AddressFault[] {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return [NOT_AN_ADDRESS];
  const url = new URL(text);
  const address: Address = { text, url, host: bareHost(url) };
  const consoleRules = isPrivateHost(url) ? PRIVATE_HOST_RULES : PUBLIC_HOST_RULES;
  return [...formRules, ...(usesRealPages ? consoleRules : [])]
    .filter(({ isBroken }) => isBroken(address))
    .map(({ isWarning = false, what, remedy }) => ({ isWarning, what: what(address), remedy }));
}

const EXAMPLE: Bilingual = {
  en: 'Write it as https://h5.example.com.',
  zh: '请写成 https://h5.example.com。',
};

const CONSOLE_MENUS = PAGE_ACCOUNT_FLOWS.map((flow) => FLOWS[flow].consoleMenu.callbackDomain);
const BARE_HOST: Bilingual = {
  en: `In WeChat's consoles (${CONSOLE_MENUS.join('; ')}), the host name stands without scheme and port.`,
  zh: `微信后台（${CONSOLE_MENUS.join('；')}）填写的域名不带协议与端口。`,
};
/** WeChat compares the host of the redirect URI with the one in the console. */
const MISMATCH: Bilingual = {
  en: 'WeChat would show 10003 (redirect_uri域名与后台配置不一致).',
  zh: '微信会显示 10003（redirect_uri域名与后台配置不一致）。',
};

const NOT_AN_ADDRESS: AddressFault = {
  isWarning: false,
  what: { en: 'is not an http: or https: address', zh: '不是 http: 或 https: 地址' },
  remedy: [EXAMPLE],
};

/** For every address: the redirect URI is this address with the path of the callback route appended. */
const FORM_RULES: readonly Rule[] = [
  {
    isBroken: ({ text }) => /[?#]/.test(text),
    what: () => ({ en: 'has a query or a fragment', zh: '含有查询参数或 # 片段' }),
    remedy: [BARE_HOST, EXAMPLE],
  },
  {
    isBroken: ({ url }) => url.username !== '' || url.password !== '',
    what: () => ({ en: 'has a user name or a password in it', zh: '含有用户名或密码' }),
    remedy: [EXAMPLE],
  },
  {
    isBroken: ({ url }) => url.pathname.includes('//'),
    what: () => ({ en: 'has two slashes in a row in its path', zh: '路径中有连续的斜杠' }),
    remedy: [EXAMPLE],
  },
];

/** The redirect URI is this address with the route of the relay appended. */
const RELAY_RULE: Rule = {
  isBroken: ({ url }) => withoutSlash(url.pathname).endsWith(RELAY_ROUTE),
  what: () => ({ en: `ends in ${RELAY_ROUTE}`, zh: `以 ${RELAY_ROUTE} 结尾` }),
  remedy: [
    {
      en: `Write it without ${RELAY_ROUTE}: give the path at which wechatRelay() is mounted.`,
      zh: `请去掉 ${RELAY_ROUTE}，只写 wechatRelay() 的挂载路径。`,
    },
  ],
};

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}

/** A test account (测试号) accepts addresses of the local network, also with a port. */
const PRIVATE_HOST_RULES: readonly Rule[] = [
  {
    isBroken: () => true,
    isWarning: true,
    what: ({ host }) => ({
      en: `has the host ${host}, which the public network does not reach`,
      zh: `域名 ${host} 无法从公网访问`,
    }),
    remedy: [
      {
        en: 'Only a test account (测试号) accepts such an address. Otherwise use a public host name.',
        zh: '只有测试号可以使用这样的地址；其余情况请使用公网域名。',
      },
    ],
  },
];

/** The consoles take letters, digits and "-"; no IP address, no port. */
const PUBLIC_HOST_RULES: readonly Rule[] = [
  {
    isBroken: ({ url }) => url.port !== '',
    what: ({ url }) => ({ en: `has a port (${url.port})`, zh: `带有端口 ${url.port}` }),
    remedy: [
      MISMATCH,
      BARE_HOST,
      {
        en: 'Serve the app on port 443 (http: 80), and write the address without a port.',
        zh: '请使用 443 端口（http 为 80），并去掉端口。',
      },
    ],
  },
  {
    isBroken: ({ host }) => ipVersion(host) > 0,
    what: () => ({ en: 'is an IP address', zh: '是 IP 地址' }),
    remedy: [MISMATCH, BARE_HOST, { en: 'Use a host name.', zh: '请使用域名。' }],
  },
  {
    isBroken: ({ host }) => ipVersion(host) === 0 && !/^[a-z\d-]+(?:\.[a-z\d-]+)+$/.test(host),
    what: ({ host }) => ({
      en: `has the host ${host}, with characters other than letters, digits and "-"`,
      zh: `域名 ${host} 含有字母、数字、"-" 以外的字符`,
    }),
    remedy: [
      BARE_HOST,
      {
        en: 'Use another host name, of letters, digits and "-".',
        zh: '请换一个由字母、数字、"-" 组成的域名。',
      },
    ],
  },
  {
    isBroken: ({ host }) => /(?:^|\.)xn--/.test(host),
    isWarning: true,
    what: ({ host }) => ({ en: `has the international host name ${host}`, zh: `是国际化域名 ${host}` }),
    remedy: [
      {
        en:
          'Enter it in the console in exactly this form (letters, digits, "-"), and try a login: ' +
          'WeChat does not document such names.',
        zh: '请在后台按此形式（字母、数字、"-"）填写，并实际登录一次：官方文档没有说明。',
      },
    ],
  },
  {
    isBroken: ({ url }) => url.protocol === 'http:',
    isWarning: true,
    what: () => ({ en: 'is not encrypted (http:)', zh: '未加密（http:）' }),
    remedy: [
      {
        en: 'Use https: over http, others on the network can read codes and session cookies.',
        zh: '请使用 https：http 下 code 与会话 cookie 会在途中被读取。',
      },
    ],
  },
];
