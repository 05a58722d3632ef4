// Everything that may be wrong with what comes from WeChat's side, one row each.
import type { Socket } from 'node:net';
import zlib from 'node:zlib';
import type { EmulatorFault } from '../../lib/emulator/index';
import { ERRCODES, type Call, type Kind } from './rules';

/** Where a connection goes, or how it begins. */
export type Door =
  | 'refused'
  | 'unknown name'
  | 'name servers away'
  | 'name servers silent'
  | 'another name'
  | 'unknown authority'
  | 'expired'
  | 'no TLS'
  | 'shut at once'
  | 'silent handshake';

export type Means =
  | {
      readonly emulator:
        EmulatorFault | ((there: { readonly url: string; readonly stranger: string }) => EmulatorFault);
    }
  /** What is done with the connection instead of an answer. */
  | { readonly socket: (socket: Socket) => void }
  | { readonly door: Door };

export interface Fault {
  readonly name: string;
  readonly by: Means;
  /** What it means for the call; see the rules for what a repetition mends. */
  readonly means: Kind | 'fine';
  readonly errcode?: number;
  /** Only the first request meets it. */
  readonly once?: boolean;
  /** Where it is a fault at all; everywhere unless given. */
  readonly only?: 'logins' | 'logins with consent' | 'known users';
}

const row = (name: string, means: Fault['means'], by: Means): Fault => ({ name, means, by });
const told = (name: string, means: Fault['means'], emulator: EmulatorFault): Fault =>
  row(name, means, { emulator });
const said = (name: string, means: Fault['means'], body: string): Fault => told(name, means, { body });

const MB5 = 5 * 1024 * 1024;
const PAGE = '<html><body><h1>Bad Gateway</h1></body></html>';

const CUT: readonly Fault[] = [
  told('reset before the answer', 'network', 'reset'),
  told('reset inside the answer', 'network', 'reset-inside'),
  raw('closed without an answer', 'network', (socket) => socket.end()),
  raw('closed inside the head', 'network', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Ty')),
  raw('closed inside a body of known length', 'network', (socket) =>
    socket.end(head('Content-Length: 100') + '{"access_token":'),
  ),
  raw('closed inside a chunk', 'network', (socket) =>
    socket.end(head('Transfer-Encoding: chunked') + '40\r\n{"openid":'),
  ),
];

const SLOW: readonly Fault[] = [
  told('silence', 'timeout', 'silence'),
  told('a slow drip', 'timeout', { drip: 20 }),
  raw('silence after the head', 'timeout', (socket) => socket.write(head('Content-Length: 100'))),
  raw('silence inside the body', 'timeout', (socket) => socket.write(head('Content-Length: 100') + '{"open')),
  raw('a head without an end', 'timeout', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Type: te')),
  raw('100 Continue and no more', 'timeout', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n')),
];

const NOT_JSON: readonly Fault[] = [
  ...[500, 502, 503, 504, 403, 404].map((status) =>
    told(`${status} with a page`, 'bad_answer', { status, body: PAGE }),
  ),
  told('500 with JSON', 'bad_answer', { status: 500, body: '{"openid":"o"}' }),
  told('304', 'bad_answer', { status: 304 }),
  told('204', 'bad_answer', { status: 204 }),
  told('200 with a page', 'bad_answer', { html: true }),
  told('empty', 'bad_answer', 'empty'),
  told('truncated', 'bad_answer', 'truncated'),
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
  ].map((body) => said(`the body ${JSON.stringify(body)}`, 'bad_answer', body)),
  said('two objects', 'bad_answer', '{}{}'),
  said('JSONP', 'bad_answer', 'callback({"openid":"o"})'),
  said('XML', 'bad_answer', '<xml><openid>o</openid></xml>'),
  told('UTF-16', 'bad_answer', { body: Buffer.from('{"openid":"o"}', 'utf16le') }),
  said('100,000 brackets', 'bad_answer', '['.repeat(100_000)),
  told('5 MB round the right answer', 'bad_answer', { patch: { padding: 'x'.repeat(MB5) } }),
  raw('5 MB packed small', 'bad_answer', (socket) => {
    const body = packed();
    socket.write(head('Content-Encoding: gzip', `Content-Length: ${body.length}`));
    socket.write(body);
  }),
  raw('a body without an end', 'bad_answer', endless),
];

const ELSEWHERE: readonly Fault[] = [
  row('a redirect to the right answer', 'bad_answer', {
    emulator: ({ url }) => ({ redirect: `${url}/sns/auth?moved` }),
  }),
  told('a redirect to another host', 'bad_answer', { redirect: 'http://elsewhere.example/' }),
  told('a redirect to nowhere', 'bad_answer', { redirect: '' }),
];

const NOT_HTTP: readonly Fault[] = [
  ...['gzip', 'br', 'deflate'].map((coding) =>
    raw(`${coding} that is none`, 'bad_answer', (socket) =>
      socket.write(head(`Content-Encoding: ${coding}`, 'Content-Length: 14') + '{"openid":"o"}'),
    ),
  ),
  raw('gzip cut short', 'bad_answer', (socket) => {
    const body = zlib.gzipSync('{"openid":"o"}').subarray(0, 20);
    socket.write(head('Content-Encoding: gzip', `Content-Length: ${body.length}`));
    socket.write(body);
  }),
  raw('the greeting of another protocol', 'bad_answer', (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n')),
  raw('JSON without a head', 'bad_answer', (socket) => socket.write('{"openid":"o"}\r\n\r\n')),
  raw('a length that is no number', 'bad_answer', (socket) => socket.write(head('Content-Length: long'))),
  raw('two lengths', 'bad_answer', (socket) =>
    socket.write(head('Content-Length: 2', 'Content-Length: 3') + '{}'),
  ),
  raw('length and chunks', 'bad_answer', (socket) =>
    socket.write(head('Content-Length: 2', 'Transfer-Encoding: chunked') + '2\r\n{}\r\n0\r\n\r\n'),
  ),
  raw('a chunk that is none', 'bad_answer', (socket) =>
    socket.write(head('Transfer-Encoding: chunked') + 'xyz\r\n{}'),
  ),
  raw('a head of 100 kB', 'bad_answer', (socket) => socket.write(head(`X-Long: ${'x'.repeat(100_000)}`))),
];

const DOORS: readonly Fault[] = [
  row('connection refused', 'network', { door: 'refused' }),
  row('a name that does not resolve', 'network', { door: 'unknown name' }),
  row('name servers that fail', 'network', { door: 'name servers away' }),
  row('name servers that say nothing', 'timeout', { door: 'name servers silent' }),
  row('a certificate of another name', 'network', { door: 'another name' }),
  row('a certificate of an unknown authority', 'network', { door: 'unknown authority' }),
  row('an expired certificate', 'network', { door: 'expired' }),
  row('no TLS behind https', 'network', { door: 'no TLS' }),
  row('a connection cut in its handshake', 'network', { door: 'shut at once' }),
  row('a handshake without an answer', 'timeout', { door: 'silent handshake' }),
];

const REFUSALS: readonly Fault[] = [
  ...(Object.entries(ERRCODES) as [Kind, readonly number[]][]).flatMap(([kind, errcodes]) =>
    errcodes.map((errcode) => ({ ...told(`errcode ${errcode}`, kind, { errcode }), errcode })),
  ),
  said('an errcode sent as a string', 'code_used', '{"errcode":"40163","errmsg":"code been used"}'),
  said('an errcode without a reason', 'credentials', '{"errcode":40125}'),
  said('an errcode with a reason that is no text', 'credentials', '{"errcode":40125,"errmsg":{"a":[1]}}'),
  told('an errcode beside a right answer', 'credentials', {
    patch: { errcode: 40125, errmsg: 'invalid appsecret' },
  }),
  told('an errcode with status 500', 'code_invalid', {
    status: 500,
    body: '{"errcode":40029,"errmsg":"invalid code"}',
  }),
];

const PASSING: readonly Fault[] = [
  { ...told('-1, once', 'busy', { errcode: -1 }), once: true },
  { ...told('a reset, once', 'network', 'reset'), once: true },
  { ...told('a page, once', 'bad_answer', { html: true }), once: true },
  { ...told('a token called bad, once', 'token_invalid', { errcode: 40001 }), errcode: 40001, once: true },
  { ...row('refused, once', 'network', { door: 'refused' }), once: true },
];

function shown(value: unknown): string {
  return value === GONE ? 'absent' : JSON.stringify(value);
}

/** A field that is not there. */
const GONE = undefined;

interface Field {
  readonly wrong: readonly unknown[];
  readonly fine: readonly unknown[];
}

const NEEDED: Field = { wrong: [12, true, null, [], {}, '', GONE], fine: [] };
const TEXT: Field = { wrong: [12, true, [], {}], fine: [null, GONE, ''] };
const NUMBER: Field = { wrong: ['many', true, [], {}], fine: [null, GONE, '0'] };

const TOKEN: Readonly<Record<string, Field>> = {
  access_token: NEEDED,
  expires_in: { wrong: ['soon', true, null, [], {}, -1, '', GONE], fine: ['7200', 7200.5] },
  refresh_token: { ...TEXT, fine: [null, GONE] },
  openid: NEEDED,
  unionid: TEXT,
  is_snapshotuser: NUMBER,
};

const FIELDS: Readonly<Record<Call, Readonly<Record<string, Field>>>> = {
  access_token: { ...TOKEN, scope: { wrong: [12, true, [], {}], fine: [] } },
  refresh_token: { ...TOKEN, scope: { wrong: [12, true, [], {}], fine: [null, GONE, ''] } },
  userinfo: {
    openid: NEEDED,
    nickname: TEXT,
    sex: NUMBER,
    language: TEXT,
    city: TEXT,
    province: TEXT,
    country: TEXT,
    headimgurl: TEXT,
    privilege: { wrong: ['all', 12, {}, [12], [null]], fine: [null, GONE, []] },
    unionid: TEXT,
  },
  auth: {
    errcode: { wrong: ['ok', true, null, [], {}, GONE], fine: ['0'] },
    errmsg: { wrong: [12, true, null, [], {}, GONE], fine: [] },
  },
  jscode2session: { session_key: NEEDED, openid: NEEDED, unionid: TEXT },
};

const STRANGER = row("another user's openid", 'bad_answer', {
  emulator: ({ stranger }) => ({ patch: { openid: stranger } }),
});

const OF_ONE_CALL: Readonly<Partial<Record<Call, readonly Fault[]>>> = {
  access_token: [
    ...[1, '1'].map((flag) => ({
      ...told(`a virtual user (${JSON.stringify(flag)})`, 'snapshot_user', {
        patch: { is_snapshotuser: flag },
      }),
      only: 'logins' as const,
    })),
    // Without a word on what was granted, it is what was asked for.
    ...[null, GONE, ''].map((scope) => ({
      ...told(`scope: ${shown(scope)}`, 'fine', { patch: { scope } }),
      only: 'logins with consent' as const,
    })),
    {
      ...told('less granted than asked for', 'scope', { patch: { scope: 'snsapi_base' } }),
      only: 'logins with consent',
    },
  ],
  // The core alone does not know whose refresh token it is given.
  refresh_token: [{ ...STRANGER, only: 'known users' }],
  userinfo: [STRANGER],
};

function fieldFaults(call: Call): Fault[] {
  return Object.entries(FIELDS[call]).flatMap(([name, { wrong, fine }]) => {
    const fault = (means: Fault['means']) => (value: unknown) =>
      told(`${name}: ${shown(value)}`, means, { patch: { [name]: value } });
    return [...wrong.map(fault('bad_answer')), ...fine.map(fault('fine'))];
  });
}

/** What any call may meet. */
const OF_EVERY_CALL = [
  ...CUT,
  ...SLOW,
  ...NOT_JSON,
  ...ELSEWHERE,
  ...NOT_HTTP,
  ...DOORS,
  ...REFUSALS,
  ...PASSING,
];

export function faultsOf(call: Call): readonly Fault[] {
  return [...OF_EVERY_CALL, ...fieldFaults(call), ...(OF_ONE_CALL[call] ?? [])];
}

function raw(name: string, means: Kind, socket: (socket: Socket) => void): Fault {
  return row(name, means, { socket });
}

function head(...headers: string[]): string {
  return ['HTTP/1.1 200 OK', 'Content-Type: text/plain', ...headers, '', ''].join('\r\n');
}

let packedBody: Buffer | undefined;
function packed(): Buffer {
  return (packedBody ??= zlib.gzipSync(Buffer.alloc(MB5, ' ')));
}

/** Goes on for as long as the other side listens. */
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
