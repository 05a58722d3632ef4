/**
 * Values of `to` by which an attacker tries to receive a code, for a relay with the list below: none of them may
 * lead to an address off the list, as a browser reads it.
 */

/** Origins and addresses with a path, in the spellings that an operator may write. */
export const LIST = [
  'https://app.example.com',
  'https://pay.example.com/wechat/callback',
  'https://slash.example.com/callback/',
  'http://localhost:3000/callback',
  'http://staging.example.com',
  'http://[::1]:4000',
  'http://192.0.2.7:8080',
  'https://例子.测试/回调',
] as const;

const EVIL = 'evil.example';
const APP = 'app.example.com';

/** The host of an attacker, written so that a careless comparison takes it for the app. */
const OTHER_HOSTS = [
  ...[`https://${EVIL}`, `http://${EVIL}`, `https://${EVIL}/${APP}`, `https://${EVIL}/https://${APP}/`],
  ...[`https://${APP}.${EVIL}/`, `https://${EVIL}.${APP}.`, `https://x${APP}/`, `https://${APP}x/`],
  ...[`https://${APP}-${EVIL}/`, `https://sub.${APP}/`, `https://example.com/`, `https://www.example.com/`],
  ...[`https://${APP}./`, `https://${APP}../`, `https://.${APP}/`, `https://app-example.com/`],
  ...[
    `https://appxexample.com/`,
    `https://${EVIL}?${APP}`,
    `https://${EVIL}#${APP}`,
    `https://${EVIL}/?u=${APP}`,
  ],
  ...[`https://${EVIL}#https://${APP}/`, `https://${EVIL}?https://${APP}/`, `https://${EVIL};${APP}/`],
  ...[
    `https://${APP}%2e${EVIL}/`,
    `https://${APP}%2E${EVIL}/`,
    `https://${EVIL}%2f${APP}/`,
    `https://${EVIL}%23${APP}`,
  ],
  ...[
    `https://${APP}。${EVIL}/`,
    `https://${APP}．${EVIL}/`,
    `https://${APP}｡${EVIL}/`,
    `https://${EVIL}／${APP}/`,
  ],
  ...[
    `https://${EVIL}＃${APP}/`,
    `https://${EVIL}？${APP}/`,
    `https://${EVIL}＠${APP}/`,
    `https://${EVIL}﹟${APP}/`,
  ],
  ...[`https://${EVIL}\u2044${APP}/`, `https://${EVIL}\u2100${APP}/`, `https://${EVIL}\uff3c${APP}/`],
  ...[
    `https://${EVIL}\u3000${APP}/`,
    `https://${EVIL}\u200b.${APP}.${EVIL}/`,
    `https://${APP}\u0000.${EVIL}/`,
  ],
];

/** User information in front of a host, or what looks like it. */
const USER_INFORMATION = [
  ...[
    `https://${APP}@${EVIL}/`,
    `https://${APP}:443@${EVIL}/`,
    `https://${APP}%40@${EVIL}/`,
    `https://@${EVIL}/`,
  ],
  ...[`https://:@${EVIL}/`, `https://a:b@${EVIL}/`, `https://${EVIL}@${APP}/`, `https://user@${APP}/`],
  ...[`https://user:password@${APP}/`, `https://:password@${APP}/`, `https://${EVIL}%2f@${APP}/`],
  ...[
    `https://${EVIL}\\@${APP}/`,
    `https://${EVIL}/@${APP}/`,
    `https://${EVIL}?@${APP}/`,
    `https://${EVIL}#@${APP}/`,
  ],
  ...[`https://${EVIL}:80#@${APP}/`, `https://${EVIL}:80?@${APP}/`, `https://${EVIL}\t@${APP}/`],
  ...[`https://${APP}@${APP}@${EVIL}/`, `https://${EVIL}[@${APP}/`],
  ...[
    `https://x@pay.example.com/wechat/callback`,
    `http://x@localhost:3000/callback`,
    `http://localhost@${EVIL}:3000/callback`,
  ],
  ...[`http://localhost:3000@${EVIL}/callback`, `http://x:y@[::1]:4000/`, `http://[::1]:4000@${EVIL}/`],
];

/** Other schemes, and addresses without one. */
const OTHER_SCHEMES = [
  ...['javascript:alert(1)', 'JavaScript:alert(1)', 'java\nscript:alert(1)', '\u0001javascript:alert(1)'],
  ...[`javascript://${APP}/%0aalert(1)`, `javascript:https://${APP}/`, 'vbscript:msgbox(1)', 'about:blank'],
  ...['data:text/html,<script>alert(1)</script>', `data:text/html,https://${APP}/`, `data://${APP}/`],
  ...[`blob:https://${APP}/1b2c`, `BLOB:https://${APP}/`, `filesystem:https://${APP}/temporary/x`],
  ...[`view-source:https://${APP}/`, `ftp://${APP}/`, `ws://${APP}/`, `wss://${APP}/`, `file://${APP}/`],
  ...[`file:///etc/passwd`, `intent://${APP}/#Intent;scheme=https;end`, `weixin://dl/business/?t=${APP}`],
  ...[`mailto:a@${APP}`, `tel:1`, `gopher://${APP}/`, `httpss://${APP}/`, `xhttps://${APP}/`, `h://${APP}/`],
  ...[`://${APP}/`, `//${APP}/`, `///${APP}/`, `\\\\${APP}/`, `/\\${APP}/`, `//${EVIL}/`, `/\\${EVIL}/`],
  ...['/', '/callback', 'callback', './callback', '../callback', '?x', '#x', '.', '', ' ', '\t', '\u0000'],
  ...[APP, `${APP}/callback`, `${APP}:443/`, 'localhost:3000/callback', 'null', 'undefined', '*', '%'],
  ...['https:', 'https://', 'https:///', 'http://', 'https://?', 'https://#', 'https:///?x', 'https://:443/'],
];

/** The scheme or the port differs from the entry. */
const OTHER_ORIGINS = [
  ...[
    `http://${APP}/`,
    `http://${APP}:443/`,
    `https://${APP}:80/`,
    `https://${APP}:8443/`,
    `https://${APP}:444/`,
  ],
  ...[
    `https://${APP}:65536/`,
    `https://${APP}:-1/`,
    `https://${APP}:4430/`,
    `https://${APP}:44 3/`,
    `https://${APP}:x/`,
  ],
  ...['https://staging.example.com/', 'http://staging.example.com:8080/', 'http://staging.example.com:443/'],
  ...['http://localhost:3001/callback', 'http://localhost/callback', 'https://localhost:3000/callback'],
  ...['http://127.0.0.1:3000/callback', 'http://[::1]:3000/callback', 'http://localhost.:3000/callback'],
  ...['http://localhost:03001/callback', 'http://localhost:30000/callback', 'http://localhost:300/callback'],
  ...[
    'http://[::1]/',
    'http://[::1]:4001/',
    'https://[::1]:4000/',
    'http://[::2]:4000/',
    'http://[::ffff:127.0.0.1]:4000/',
  ],
  ...[
    'http://[::1%25lo]:4000/',
    'http://::1:4000/',
    'http://[::1]x:4000/',
    'http://[::1.]:4000/',
    'http://[]:4000/',
  ],
  ...['http://192.0.2.7/', 'http://192.0.2.8:8080/', 'https://192.0.2.7:8080/', 'http://192.0.2.7.:8081/'],
  ...[
    'http://192.0.2.07:80/',
    'http://3221225992:8080/',
    'http://0xc0000208:8080/',
    'http://192.0.520:8080/',
  ],
  ...['http://192.0.2.256:8080/', 'http://192.0.2.7.evil.example:8080/', 'http://[::ffff:192.0.2.7]:8080/'],
  ...['https://xn--fsqu00a.xn--0zwm56/%E5%9B%9E%E8%B0%83', 'https://例子.测试/', 'https://例.测试/回调'],
  ...['https://例子.测试.evil.example/回调', 'http://例子.测试/回调', 'https://例子。evil.example/回调'],
  ...[
    'https://xn--fsqu00a.evil.example/',
    'https://аpp.example.com/',
    'https://app.exаmple.com/',
    'https://ápp.example.com/',
  ],
  ...[
    'https://app.example.cοm/',
    'https://app.example.com\u0301/',
    'https://xn--a/',
    'https://xn--pp-7ka.example.com/',
  ],
];

/** The path differs from the entry that names one. */
const OTHER_PATHS = [
  ...[
    '/',
    '',
    '/wechat',
    '/wechat/',
    '/wechat/callback/',
    '/wechat/callback/x',
    '/wechat/callbackx',
    '/wechat/Callback',
  ],
  ...[
    '/WECHAT/CALLBACK',
    '/wechat//callback',
    '//wechat/callback',
    '/wechat/callback//',
    '/wechat/callback/..',
  ],
  ...[
    '/wechat/callback/../go',
    '/wechat/callback/%2e%2e/go',
    '/wechat/callback/.%2e/go',
    '/wechat/callback%2f..%2fgo',
  ],
  ...[
    '/wechat/callback/..\\go',
    '/wechat\\callback\\go',
    '/wechat/callback%5c..%5cgo',
    '/wechat/callback;/go',
  ],
  ...[
    '/wechat/callback;x=1',
    '/wechat/callback%00',
    '/wechat/callback%20',
    '/wechat/callback%0a',
    '/wechat/callback.',
  ],
  ...[
    '/wechat/%63allback',
    '/%77echat/callback',
    '/wechat%2fcallback',
    '/wechat%2Fcallback',
    '/wechat/callback%2f',
  ],
  ...[
    '/wechat/callback?',
    '/wechat/callback?next=https://evil.example',
    '/wechat/callback?x=1',
    '/wechat/callback??',
  ],
  ...['/wechat/callback#', '/wechat/callback#x', '/wechat/callback?#', '/wechat/callback#//evil.example'],
  ...['/go?u=https://pay.example.com/wechat/callback', '/go#/wechat/callback', '/x/../wechat/callback/x'],
  ...['/wechat/callback\u3000', '/wechat/callback\u200b', '/wechat/callbac\u212a', '/ｗechat/callback'],
].map((path) => `https://pay.example.com${path}`);

const SLASHES = [
  ...[
    'https://slash.example.com/callback',
    'https://slash.example.com/callback//',
    'https://slash.example.com//callback/',
  ],
  ...[
    'https://slash.example.com/Callback/',
    'https://slash.example.com/callback/.%2f',
    'https://slash.example.com/',
  ],
  ...[
    'http://localhost:3000/',
    'http://localhost:3000/callback/',
    'http://localhost:3000/CALLBACK',
    'http://localhost:3000',
  ],
];

/** A code or state of the attacker's own, in a spelling that some framework reads. */
const OWN_CODES = [
  ...[
    '?code=a',
    '?state=a',
    '?x=1&code=a',
    '?code',
    '?code=',
    '?%63ode=a',
    '?co%64e=a',
    '?code[]=a',
    '?code%5B%5D=a',
  ],
  ...[
    '?code[0]=a',
    '?state[x]=a',
    '?Code=a',
    '?STATE=a',
    '?x;code=a',
    '?x=1;state=a',
    '?+code=a',
    '?%20state=a',
  ],
  ...['?code%20=a', '?&&code=a', '?a=b&code=a&c=d', '?code=a#x', '?code#x', '?x=1&s%74ate=a', '?\ncode=a'],
].map((query) => `https://${APP}/callback${query}`);

/** Long, and broken by characters that parsers skip. */
const LONG_AND_BROKEN = [
  `https://${APP}/${'a'.repeat(2100)}`,
  `https://${APP}/?${'a=1&'.repeat(600)}`,
  `https://${'a'.repeat(2000)}.${EVIL}/`,
  `https://${'a.'.repeat(900)}${EVIL}/`,
  `https://${'@'.repeat(900)}${EVIL}/`,
  `https://${APP}${'/..'.repeat(900)}`,
  `${'\t'.repeat(3000)}https://${APP}/`,
  ...[
    `https://ev\til.example/`,
    `ht\ntps://${EVIL}/`,
    `\n\t https://${EVIL}/`,
    `https:\n//${EVIL}/`,
    `https://\t${EVIL}/`,
  ],
  ...[
    `https:/\\${EVIL}/`,
    `https:\\\\${EVIL}/`,
    `https:\\/${EVIL}/`,
    `https:/${EVIL}/`,
    `https:${EVIL}/`,
    `https:////${EVIL}/`,
  ],
  ...[
    `https://${EVIL}\\.${APP}/`,
    `https://${EVIL}\\${APP}`,
    `https://${EVIL}:443\\@${APP}/`,
    `http:\\\\localhost:3000\\x`,
  ],
  ...[
    `https://${APP}\r\nLocation: https://${EVIL}/`,
    `https://${EVIL}/\r\nSet-Cookie: a=b`,
    `https://app.example\n.com.${EVIL}/`,
  ],
  ...[
    `https://${APP} .${EVIL}/`,
    `https://${APP}<.${EVIL}/`,
    `https://${APP}|.${EVIL}/`,
    `https://${APP}^.${EVIL}/`,
  ],
];

/** Each must be refused. */
export const REFUSED: readonly string[] = [
  ...OTHER_HOSTS,
  ...USER_INFORMATION,
  ...OTHER_SCHEMES,
  ...OTHER_ORIGINS,
  ...OTHER_PATHS,
  ...SLASHES,
  ...OWN_CODES,
  ...LONG_AND_BROKEN,
];

/** Strange spellings of an address on the list → the address that a browser opens. */
export const NORMALISED: Readonly<Record<string, string>> = {
  'https://app.example.com': 'https://app.example.com/',
  'HTTPS://APP.EXAMPLE.COM/A': 'https://app.example.com/A',
  'https://app.example.com:443/a': 'https://app.example.com/a',
  'https://app.example.com:0443/a': 'https://app.example.com/a',
  'https:app.example.com/a': 'https://app.example.com/a',
  'https:/app.example.com/a': 'https://app.example.com/a',
  'https:\\\\app.example.com\\a': 'https://app.example.com/a',
  'https:////app.example.com/a': 'https://app.example.com/a',
  '\thttps://app.exa\nmple.com/a ': 'https://app.example.com/a',
  'https://app%2eexample.com/a': 'https://app.example.com/a',
  'https://app。example。com/a': 'https://app.example.com/a',
  'https://ａpp.example.com/a': 'https://app.example.com/a',
  'https://app.example.com\\@evil.example/': 'https://app.example.com/@evil.example/',
  'https://app.example.com\\@evil.example@app.example.com/':
    'https://app.example.com/@evil.example@app.example.com/',
  '\u0000https://app.example.com/\u0000x@evil.example': 'https://app.example.com/%00x@evil.example',
  'https://app.example.com/@evil.example/': 'https://app.example.com/@evil.example/',
  'https://app.example.com//evil.example/': 'https://app.example.com//evil.example/',
  'https://app.example.com/\\evil.example/': 'https://app.example.com//evil.example/',
  'https://app.example.com/..//evil.example/': 'https://app.example.com//evil.example/',
  'https://app.example.com/a/../../b': 'https://app.example.com/b',
  'https://app.example.com/%2e%2e/b': 'https://app.example.com/b',
  'https://app.example.com/a\r\nLocation: https://evil.example/':
    'https://app.example.com/aLocation:%20https://evil.example/',
  'https://app.example.com/%0d%0aX:%20y': 'https://app.example.com/%0d%0aX:%20y',
  'https://app.example.com/回调': 'https://app.example.com/%E5%9B%9E%E8%B0%83',
  'https://app.example.com/"><script>': 'https://app.example.com/%22%3E%3Cscript%3E',
  'https://pay.example.com/x/../wechat/callback': 'https://pay.example.com/wechat/callback',
  'https://pay.example.com/wechat/./callback': 'https://pay.example.com/wechat/callback',
  'HTTPS://PAY.example.com:443/wechat/callback': 'https://pay.example.com/wechat/callback',
  'https://slash.example.com/callback/.': 'https://slash.example.com/callback/',
  'http://LOCALHOST:03000/callback': 'http://localhost:3000/callback',
  'http://staging.example.com:80/x': 'http://staging.example.com/x',
  'http://[0:0::0001]:4000/x': 'http://[::1]:4000/x',
  'http://[::0.0.0.1]:4000/x': 'http://[::1]:4000/x',
  'http://3221225991:8080/': 'http://192.0.2.7:8080/',
  'http://0xC0.0.2.7:8080/': 'http://192.0.2.7:8080/',
  'http://192.0.519:8080/': 'http://192.0.2.7:8080/',
  'http://192.0.2.7.:8080/': 'http://192.0.2.7:8080/',
  'https://xn--fsqu00a.xn--0zwm56d/%E5%9B%9E%E8%B0%83': 'https://xn--fsqu00a.xn--0zwm56d/%E5%9B%9E%E8%B0%83',
  'https://例子。测试/回调': 'https://xn--fsqu00a.xn--0zwm56d/%E5%9B%9E%E8%B0%83',
};

/** Whole queries: parameters that are repeated, lists, or encoded more than once. Each must be refused. */
export const REFUSED_QUERIES: readonly string[] = [
  ...[
    '',
    'code=c&state=s',
    'to',
    'to=',
    'to=&code=c',
    'TO=https://app.example.com/',
    'to%20=https://app.example.com/',
  ],
  ...[
    'to=https://app.example.com/&to=https://evil.example/',
    'to=https://evil.example/&to=https://app.example.com/',
  ],
  ...['to[]=https://app.example.com/', 'to[0]=https://app.example.com/', 'to%5B%5D=https://app.example.com/'],
  ...['to=https://app.example.com/&to', 'to=https://app.example.com/&t%6f=https://evil.example/'],
  ...['to=https://app.example.com/&code=a&code=b', 'to=https://app.example.com/&state=a&state=b'],
  ...[
    'to=https://app.example.com/&code[]=a',
    'to=https://app.example.com/&x=1&x=2',
    'to=https://app.example.com/&code=a&c%6fde=b',
  ],
  ...['to=https%253A%252F%252Fapp.example.com%252F', 'to=https%253A//app.example.com/'],
  ...['to=%68ttps://evil.example/', 'to=https%3A%2F%2Fevil.example%2F', 'to=%09https%3A%2F%2Fevil.example'],
  ...[
    'to=%ff%fe',
    'to=https://app.example.com%ff/',
    'to=https://%e4%be.example/',
    'to=%',
    'to=%zz',
    'to=%u0068ttps://evil.example',
  ],
  ...[
    '?to=https://app.example.com/',
    ';to=https://app.example.com/',
    'x=1;to=https://app.example.com/',
    'to:https://app.example.com/',
  ],
];
