// Everything that can go wrong between an app and WeChat's API: one row for each fault.
import type { Socket } from 'node:net';
import zlib from 'node:zlib';
import type { EmulatorFault } from '../../lib/emulator/index';
import { ERROR_KINDS, errcodesOf, type Call, type CallResult, type ErrorKind } from '../support/contract';

/** What happens to a connection before HTTP begins: at the name lookup, at TCP or in the TLS handshake. */
export type ConnectionFault =
  | 'refused'
  | 'unknown name'
  | 'failing name servers'
  | 'silent name servers'
  | 'certificate for another name'
  | 'certificate of an unknown authority'
  | 'expired certificate'
  | 'no TLS'
  | 'closed in the handshake'
  | 'silent handshake';

/** How a fault is produced. */
export type Injection =
  | {
      readonly emulator:
        EmulatorFault | ((wechat: { readonly url: string; readonly otherOpenid: string }) => EmulatorFault);
    }
  /** Writes to the app's connection in place of the response. */
  | { readonly socket: (socket: Socket) => void }
  | { readonly connection: ConnectionFault };

export interface Fault {
  readonly name: string;
  readonly injection: Injection;
  /**
   * The result of the call if every request meets the fault. expectations.ts says when a repeated call
   * succeeds.
   */
  readonly result: CallResult;
  readonly errcode?: number;
  /** Only the first request meets it. */
  readonly once?: boolean;
  /** The calls to which the row applies. @default all */
  readonly only?: 'logins' | 'logins with consent' | 'stored tokens';
}

const fault = (name: string, result: CallResult, injection: Injection): Fault => ({
  name,
  result,
  injection,
});
const fromEmulator = (name: string, result: CallResult, emulator: EmulatorFault): Fault =>
  fault(name, result, { emulator });
const withBody = (name: string, result: CallResult, body: string): Fault =>
  fromEmulator(name, result, { body });

const MB5 = 5 * 1024 * 1024;
const PAGE = '<html><body><h1>Bad Gateway</h1></body></html>';

const CUT: readonly Fault[] = [
  fromEmulator('reset before the response', 'network', 'reset'),
  fromEmulator('reset inside the response', 'network', 'reset-inside'),
  fromSocket('closed without a response', 'network', (socket) => socket.end()),
  fromSocket('closed inside the head', 'network', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Ty')),
  fromSocket('closed inside a body of known length', 'network', (socket) =>
    socket.end(head('Content-Length: 100') + '{"access_token":'),
  ),
  fromSocket('closed inside a chunk', 'network', (socket) =>
    socket.end(head('Transfer-Encoding: chunked') + '40\r\n{"openid":'),
  ),
];

const SLOW: readonly Fault[] = [
  fromEmulator('silence', 'timeout', 'silence'),
  fromEmulator('one byte every 20 ms', 'timeout', { drip: 20 }),
  fromSocket('silence after the head', 'timeout', (socket) => socket.write(head('Content-Length: 100'))),
  fromSocket('silence inside the body', 'timeout', (socket) =>
    socket.write(head('Content-Length: 100') + '{"open'),
  ),
  fromSocket('a head that never ends', 'timeout', (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: te'),
  ),
  fromSocket('100 Continue and nothing after it', 'timeout', (socket) =>
    socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
  ),
];

const NOT_JSON: readonly Fault[] = [
  ...[500, 502, 503, 504, 403, 404].map((status) =>
    fromEmulator(`${status} with a page`, 'bad_answer', { status, body: PAGE }),
  ),
  fromEmulator('500 with JSON', 'bad_answer', { status: 500, body: '{"openid":"o"}' }),
  fromEmulator('304', 'bad_answer', { status: 304 }),
  fromEmulator('204', 'bad_answer', { status: 204 }),
  fromEmulator('200 with a page', 'bad_answer', { html: true }),
  fromEmulator('empty', 'bad_answer', 'empty'),
  fromEmulator('truncated', 'bad_answer', 'truncated'),
  ...[
    'null',
    '[]',
    '[{"openid":"o"}]',
    '42',
    '"ok"',
    'true',
    '{}',
    ' ',
    'NaN',
    'undefined',
    '{"openid":',
    '\0',
  ].map((body) => withBody(`the body ${JSON.stringify(body)}`, 'bad_answer', body)),
  withBody('two objects', 'bad_answer', '{}{}'),
  withBody('JSONP', 'bad_answer', 'callback({"openid":"o"})'),
  withBody('XML', 'bad_answer', '<xml><openid>o</openid></xml>'),
  fromEmulator('UTF-16', 'bad_answer', { body: Buffer.from('{"openid":"o"}', 'utf16le') }),
  withBody('100,000 brackets', 'bad_answer', '['.repeat(100_000)),
  fromEmulator('5 MB around the right JSON', 'bad_answer', { patch: { padding: 'x'.repeat(MB5) } }),
  fromSocket('5 MB, compressed', 'bad_answer', (socket) => {
    const body = compressed();
    socket.write(head('Content-Encoding: gzip', `Content-Length: ${body.length}`));
    socket.write(body);
  }),
  fromSocket('a body that never ends', 'bad_answer', endless),
];

const REDIRECTS: readonly Fault[] = [
  fault('a redirect to the right JSON', 'bad_answer', {
    emulator: ({ url }) => ({ redirect: `${url}/sns/auth?moved` }),
  }),
  fromEmulator('a redirect to another host', 'bad_answer', { redirect: 'http://elsewhere.example/' }),
  fromEmulator('a redirect with an empty Location', 'bad_answer', { redirect: '' }),
];

const NOT_HTTP: readonly Fault[] = [
  ...['gzip', 'br', 'deflate'].map((coding) =>
    fromSocket(`a body that is not ${coding}`, 'bad_answer', (socket) =>
      socket.write(head(`Content-Encoding: ${coding}`, 'Content-Length: 14') + '{"openid":"o"}'),
    ),
  ),
  fromSocket('truncated gzip', 'bad_answer', (socket) => {
    const body = zlib.gzipSync('{"openid":"o"}').subarray(0, 20);
    socket.write(head('Content-Encoding: gzip', `Content-Length: ${body.length}`));
    socket.write(body);
  }),
  fromSocket('the greeting of another protocol', 'bad_answer', (socket) =>
    socket.write('SSH-2.0-OpenSSH_9.6\r\n'),
  ),
  fromSocket('JSON without a head', 'bad_answer', (socket) => socket.write('{"openid":"o"}\r\n\r\n')),
  fromSocket('a Content-Length that is not a number', 'bad_answer', (socket) =>
    socket.write(head('Content-Length: long')),
  ),
  fromSocket('two Content-Length headers', 'bad_answer', (socket) =>
    socket.write(head('Content-Length: 2', 'Content-Length: 3') + '{}'),
  ),
  fromSocket('Content-Length and chunks', 'bad_answer', (socket) =>
    socket.write(head('Content-Length: 2', 'Transfer-Encoding: chunked') + '2\r\n{}\r\n0\r\n\r\n'),
  ),
  fromSocket('a chunk without a size', 'bad_answer', (socket) =>
    socket.write(head('Transfer-Encoding: chunked') + 'xyz\r\n{}'),
  ),
  fromSocket('a head of 100 kB', 'bad_answer', (socket) =>
    socket.write(head(`X-Long: ${'x'.repeat(100_000)}`)),
  ),
];

const CONNECTIONS: readonly Fault[] = [
  fault('connection refused', 'network', { connection: 'refused' }),
  fault('a name that does not resolve', 'network', { connection: 'unknown name' }),
  fault('name servers that fail', 'network', { connection: 'failing name servers' }),
  fault('name servers that do not respond', 'timeout', { connection: 'silent name servers' }),
  fault('a certificate for another name', 'network', { connection: 'certificate for another name' }),
  fault('a certificate of an unknown authority', 'network', {
    connection: 'certificate of an unknown authority',
  }),
  fault('an expired certificate', 'network', { connection: 'expired certificate' }),
  fault('no TLS behind https', 'network', { connection: 'no TLS' }),
  fault('a connection closed in the TLS handshake', 'network', { connection: 'closed in the handshake' }),
  fault('a TLS handshake without a response', 'timeout', { connection: 'silent handshake' }),
];

/**
 * Errcodes on WeChat's pages about web login that docs/errors.md does not list, and one that WeChat does not
 * have.
 */
const UNLISTED_ERRCODES = [40066, 43003, 76001, 99999];

const WECHAT_ERRORS: readonly Fault[] = [
  ...ERROR_KINDS.flatMap((kind) => errcodesOf(kind).map((errcode) => errcodeFault(kind, errcode))),
  ...UNLISTED_ERRCODES.map((errcode) => errcodeFault('unknown', errcode)),
  withBody('an errcode sent as a string', 'code_used', '{"errcode":"40163","errmsg":"code been used"}'),
  withBody('an errcode without an errmsg', 'credentials', '{"errcode":40125}'),
  withBody(
    'an errcode with an errmsg that is not a string',
    'credentials',
    '{"errcode":40125,"errmsg":{"a":[1]}}',
  ),
  fromEmulator('an errcode beside the right fields', 'credentials', {
    patch: { errcode: 40125, errmsg: 'invalid appsecret' },
  }),
  fromEmulator('an errcode with status 500', 'code_invalid', {
    status: 500,
    body: '{"errcode":40029,"errmsg":"invalid code"}',
  }),
];

const TRANSIENT: readonly Fault[] = [
  { ...fromEmulator('-1, once', 'busy', { errcode: -1 }), once: true },
  { ...fromEmulator('a reset, once', 'network', 'reset'), once: true },
  { ...fromEmulator('an HTML page, once', 'bad_answer', { html: true }), once: true },
  {
    ...fromEmulator('a token rejected, once', 'token_invalid', { errcode: 40001 }),
    errcode: 40001,
    once: true,
  },
  { ...fault('connection refused, once', 'network', { connection: 'refused' }), once: true },
];

function shown(value: unknown): string {
  return value === ABSENT ? 'absent' : JSON.stringify(value);
}

const ABSENT = undefined;

/** Values of a field that make WeChat's response a `bad_answer`, and values that the field may have. */
interface Field {
  readonly invalid: readonly unknown[];
  readonly valid: readonly unknown[];
}

/** An id becomes part of store keys: `o:lock` would be the key of another user's lock. */
const WRONG_IDS = [12, true, [], {}, '', 'o:lock', 'o'.repeat(65)];
const OPENID: Field = { invalid: [...WRONG_IDS, null, ABSENT], valid: [] };
const UNIONID: Field = { invalid: WRONG_IDS, valid: [null, ABSENT, 'o'.repeat(64)] };
const REQUIRED: Field = { invalid: [12, true, null, [], {}, '', ABSENT], valid: [] };
const TEXT: Field = { invalid: [12, true, [], {}], valid: [null, ABSENT, ''] };
const NUMBER: Field = { invalid: ['many', true, [], {}], valid: [null, ABSENT, '0'] };

const TOKEN: Readonly<Record<string, Field>> = {
  access_token: REQUIRED,
  expires_in: { invalid: ['soon', true, null, [], {}, -1, '', ABSENT], valid: ['7200', 7200.5] },
  refresh_token: { ...TEXT, valid: [null, ABSENT] },
  openid: OPENID,
  unionid: UNIONID,
  is_snapshotuser: NUMBER,
};

const FIELDS: Readonly<Record<Call, Readonly<Record<string, Field>>>> = {
  access_token: { ...TOKEN, scope: { invalid: [12, true, [], {}], valid: [] } },
  refresh_token: { ...TOKEN, scope: { invalid: [12, true, [], {}], valid: [null, ABSENT, ''] } },
  userinfo: {
    openid: OPENID,
    nickname: TEXT,
    sex: NUMBER,
    language: TEXT,
    city: TEXT,
    province: TEXT,
    country: TEXT,
    headimgurl: TEXT,
    privilege: { invalid: ['all', 12, {}, [12], [null]], valid: [null, ABSENT, []] },
    unionid: UNIONID,
  },
  auth: {
    errcode: { invalid: ['ok', true, null, [], {}, ABSENT], valid: ['0'] },
    errmsg: { invalid: [12, true, null, [], {}, ABSENT], valid: [] },
  },
  jscode2session: { session_key: REQUIRED, openid: OPENID, unionid: UNIONID },
};

const OTHER_USER = fault("another user's openid", 'bad_answer', {
  emulator: ({ otherOpenid }) => ({ patch: { openid: otherOpenid } }),
});

/** The rows that only one call can meet. */
export const SPECIAL_FAULTS: Readonly<Partial<Record<Call, readonly Fault[]>>> = {
  access_token: [
    ...[1, '1'].map((flag) => ({
      ...fromEmulator(`a virtual user (${JSON.stringify(flag)})`, 'snapshot_user', {
        patch: { is_snapshotuser: flag },
      }),
      only: 'logins' as const,
    })),
    // A response without a scope grants the scope that was asked for.
    ...[null, ABSENT, ''].map((scope) => ({
      ...fromEmulator(`scope: ${shown(scope)}`, 'success', { patch: { scope } }),
      only: 'logins with consent' as const,
    })),
    {
      ...fromEmulator('less granted than asked for', 'scope', { patch: { scope: 'snsapi_base' } }),
      only: 'logins with consent',
    },
  ],
  // OAuth.refreshAccessToken() does not know whose refresh token it is given.
  refresh_token: [{ ...OTHER_USER, only: 'stored tokens' }],
  userinfo: [OTHER_USER],
};

/** A row for each value that a field of the right response may have, and for each that it must not have. */
export function fieldFaults(call: Call): Fault[] {
  return Object.entries(FIELDS[call]).flatMap(([name, { invalid, valid }]) => {
    const rows = (result: CallResult) => (value: unknown) =>
      fromEmulator(`${name}: ${shown(value)}`, result, { patch: { [name]: value } });
    return [...invalid.map(rows('bad_answer')), ...valid.map(rows('success'))];
  });
}

/** The rows that any call may meet. */
export const COMMON_FAULTS = {
  'cut connections': CUT,
  'slow responses': SLOW,
  'responses that are not JSON': NOT_JSON,
  redirects: REDIRECTS,
  'responses that are not HTTP': NOT_HTTP,
  'connections that fail': CONNECTIONS,
  'errors of WeChat': WECHAT_ERRORS,
  'faults of one request': TRANSIENT,
} as const satisfies Readonly<Record<string, readonly Fault[]>>;

export function faultsOf(call: Call): readonly Fault[] {
  return [...Object.values(COMMON_FAULTS).flat(), ...fieldFaults(call), ...(SPECIAL_FAULTS[call] ?? [])];
}

function errcodeFault(kind: ErrorKind, errcode: number): Fault {
  return { ...fromEmulator(`errcode ${errcode}`, kind, { errcode }), errcode };
}

function fromSocket(name: string, result: CallResult, socket: (socket: Socket) => void): Fault {
  return fault(name, result, { socket });
}

function head(...headers: string[]): string {
  return ['HTTP/1.1 200 OK', 'Content-Type: text/plain', ...headers, '', ''].join('\r\n');
}

let compressedBody: Buffer | undefined;
function compressed(): Buffer {
  return (compressedBody ??= zlib.gzipSync(Buffer.alloc(MB5, ' ')));
}

/** Sends chunks until the client closes the connection. */
function endless(socket: Socket): void {
  const more = Buffer.alloc(64 * 1024, ' ');
  const chunk = Buffer.concat([Buffer.from(`${more.length.toString(16)}\r\n`), more, Buffer.from('\r\n')]);
  const write = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', write);
  socket.write(head('Transfer-Encoding: chunked'));
  write();
}
