// The Node API, the control API, its page and its OpenAPI description have the same operations, those of one table.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Emulator } from '../../../lib/emulator';
import { OPERATIONS } from '../../../lib/emulator/operations/table';
import type { Operation } from '../../../lib/emulator/operations/operation';
import { problemsOf, type JsonSchema } from '../../../lib/emulator/schemas/json-schema';
import { control } from '../support/control-client';
import { useEmulatorClient, uuidOf, type EmulatorClient } from '../support/emulator-client';

const startClient = useEmulatorClient();
const ALL = Object.entries(OPERATIONS) as unknown as [string, Operation<object, unknown>][];

interface Described {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Content };
  readonly parameters?: readonly { readonly name: string }[];
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
}
interface Content {
  readonly 'application/json': { readonly schema: JsonSchema };
}

describe('the table of operations', () => {
  /** Members of the emulator that only make sense in its own process. */
  const NODE_ONLY: readonly (keyof Emulator)[] = ['url', 'endpoints', 'close', 'httpURL', 'proxyURL'];
  /** Members that are another form of an operation, and the operation's own member. */
  const FORMS: Readonly<Record<string, string>> = {
    apps: 'state',
    users: 'state',
    unionid: 'openid',
    authorizeTwice: 'authorize',
    expireToken: 'expireTokens',
    revoke: 'revokeTokens',
  };

  it('has a request for every member of the Node API, and a member for every request', async () => {
    const { wechat } = await startClient();
    const members = Object.keys(wechat).filter((name) => !NODE_ONLY.includes(name as keyof Emulator));
    const covered = members.map((name) => FORMS[name] ?? name);
    const named = ALL.flatMap(([, { node }]) => node ?? []);
    expect([...new Set(covered)].sort()).toEqual([...new Set(named)].sort());
    const without = ALL.filter(([, { node }]) => node === undefined).map(([name]) => name);
    expect(without).toEqual(['health']);
  });

  it('has the requests of the documentation', () => {
    expect(ALL.map(([, { method, path }]) => `${method} ${path.slice(11)}`).sort()).toEqual(
      [
        'GET health',
        'GET state',
        'PATCH switches',
        'POST faults',
        'DELETE faults',
        'DELETE faults/{id}',
        'POST clock',
        'POST apps',
        'POST users',
        'POST authorize',
        'POST codes',
        'POST qr/{uuid}',
        'POST tokens/expire',
        'POST tokens/revoke',
        'POST tokens/change-password',
        'POST identity',
        'POST encrypted-user',
        'GET requests',
        'DELETE requests',
        'POST reset',
      ].sort(),
    );
  });
});

describe.each(['docs/emulator/control-api.md', 'docs/zh-CN/emulator/control-api.md'])('%s', (page) => {
  /** Operations that the page mentions in the row of another one. */
  const MENTIONED = ['DELETE faults/{id}', 'DELETE requests'];
  const nameOf = ({ method, path: target }: Operation<object, unknown>): string =>
    `${method} ${target.replace('/_emulator/', '')}`;
  const text = readFileSync(path.resolve(__dirname, '../../..', page), 'utf8');
  const rows = new Map(
    [...text.matchAll(/^\| `([A-Z]+ [^`]+)`\s*\|(.*)\|$/gm)].map(([, name = '', rest = '']) => [
      name.replace(/<(\w+)>/, '{$1}'),
      rest.split(/(?<!\\)\|/),
    ]),
  );

  /** The objects in a text, such as `{ app, user? }`. */
  const objectsIn = (cell: string): string[] =>
    [...cell.matchAll(/`(\{.*?\})`/g)].map(([, code = '']) => code);

  /** The fields that an object names, sorted. A `…` leaves out further optional ones. */
  function fieldsOf(object: string): string {
    const nested = /(\w+\??): (\{[^{}]*\})/.exec(object);
    const inner = nested ? [`${nested[1] ?? ''}{${fieldsOf(nested[2] ?? '')}}`] : [];
    const names = object
      .slice(1, -1)
      .replace(/\w+\??: \{[^{}]*\}/, '')
      .split(',')
      .map((each) => each.trim().replace(/:.*/s, ''))
      .filter((each) => each !== '');
    return [...names, ...inner].sort().join(' ');
  }

  /** The same for a schema. */
  function fieldsIn({ properties = {}, required = [], title }: JsonSchema, isShort: boolean): string {
    const names = Object.entries(properties).map(([name, schema]) => {
      const inner = schema.properties && schema.title === undefined ? `{${fieldsIn(schema, false)}}` : '';
      return `${name}${required.includes(name) ? '' : '?'}${inner}`;
    });
    if (title === 'Switches') return ['name', '…'].join(' ');
    return (isShort ? [...required, '…'] : names).sort().join(' ');
  }

  it('has a row for every request', () => {
    const named = ALL.map(([, operation]) => nameOf(operation)).filter((name) => !MENTIONED.includes(name));
    expect([...rows.keys()].sort()).toEqual(named.sort());
    expect(rows.get('DELETE faults')?.[2]).toContain('`faults/<id>`');
    expect(rows.get('GET requests')?.[2]).toContain('DELETE');
  });

  it.each(ALL.filter(([, operation]) => !MENTIONED.includes(nameOf(operation))))(
    'names every field of the request and of the response, and the optional ones with a ?: %s',
    (_, operation) => {
      const [body = '', response = '', meaning = ''] = rows.get(nameOf(operation)) ?? [];
      const expected = (schema: JsonSchema, objects: readonly string[]): string[] =>
        (schema.anyOf ?? [schema]).map((form, index) =>
          fieldsIn(form, objects[index]?.includes('…') ?? false),
        );
      const sent = objectsIn(body + meaning);
      expect(sent.map(fieldsOf)).toEqual(operation.input ? expected(operation.input, sent) : []);
      const received = objectsIn(response);
      expect(received.map(fieldsOf)).toEqual(expected(operation.output, received));
    },
  );
});

describe('GET openapi.json', () => {
  async function describedBy(client: EmulatorClient): Promise<[string, string, Described][]> {
    const { status, json } = await control(client.wechat, 'GET', 'openapi.json');
    expect([status, json['openapi']]).toEqual([200, '3.1.0']);
    expect(json['servers']).toEqual([{ url: client.wechat.url }]);
    const paths = json['paths'] as Record<string, Record<string, Described>>;
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]): [string, string, Described] => [
        method.toUpperCase(),
        path,
        described,
      ]),
    );
  }

  it('describes every operation of the table, and no other', async () => {
    const described = await describedBy(await startClient());
    const facts = described.map(([method, path, { operationId, parameters = [] }]) => [
      operationId,
      method,
      path,
      parameters.map(({ name }) => `{${name}}`).join(),
    ]);
    expect(facts.sort()).toEqual(
      ALL.map(([id, { method, path }]) => [id, method, path, /\{\w+\}/.exec(path)?.[0] ?? '']).sort(),
    );
  });

  /** A valid body for each request that takes one, except authorize. */
  function bodiesFor({ wechat }: EmulatorClient): Readonly<Record<string, object>> {
    const { official, miniProgram } = wechat.apps;
    const subject = { app: official.appId, user: 'ming' };
    return {
      setSwitches: { consent: 'allow' },
      addFault: { endpoint: 'auth', fault: { errcode: -1 }, match: { user: 'ming' } },
      advanceClock: { advance: 1 },
      addApp: { type: 'website', appId: 'wxnew', appSecret: 's', domains: ['a.example'] },
      addUser: { id: 'new', nickname: '新' },
      issueCode: { app: official.appId },
      actOnQr: { action: 'scan' },
      expireTokens: subject,
      revokeTokens: subject,
      changePassword: { user: 'ming' },
      identity: subject,
      encryptUser: { app: miniProgram.appId, sessionKey: Buffer.alloc(16).toString('base64') },
      reset: {},
    };
  }

  it('is true: every real response fits the schema of its status', async () => {
    const client = await startClient();
    const { wechat } = client;
    const uuid = uuidOf(await client.qrPage());
    const bodies: Readonly<Record<string, object>> = {
      ...bodiesFor(client),
      authorize: { url: client.authorizeURL() },
    };
    const ends = (id: string): number => ['clearFaults', 'clearRequests', 'reset'].indexOf(id);
    const described = await describedBy(client);
    // The operations that reset everything come last.
    described.sort((a, b) => ends(a[2].operationId) - ends(b[2].operationId));
    const addFault = async (): Promise<string> =>
      String((await control(wechat, 'POST', 'faults', bodies['addFault'])).json['id']);
    const check = async (
      described: Described,
      method: string,
      path: string,
      body?: object,
    ): Promise<number> => {
      const { status, json } = await control(wechat, method, path.slice(11), body);
      const schema = described.responses[status]?.content['application/json'].schema;
      expect([described.operationId, status, schema && problemsOf(schema, json, '')]).toEqual([
        described.operationId,
        status,
        [],
      ]);
      return status;
    };
    for (const [method, path, each] of described) {
      const takesBody = each.requestBody !== undefined;
      const body = bodies[each.operationId];
      expect([each.operationId, takesBody]).toEqual([each.operationId, body !== undefined]);
      const id = each.operationId === 'removeFault' ? await addFault() : '';
      expect(await check(each, method, path.replace('{uuid}', uuid).replace('{id}', id), body)).toBe(200);
      if (takesBody) expect(await check(each, method, path.replace('{uuid}', uuid), { wrong: 1 })).toBe(400);
      if (path.includes('{'))
        expect(await check(each, method, path.replace(/\{\w+\}/, 'none'), body)).toBe(404);
    }
    const authorize = described.find(([, , { operationId }]) => operationId === 'authorize');
    const url = client.authorizeURL({ appid: 'wx0' });
    if (authorize) expect(await check(authorize[2], 'POST', authorize[1], { url })).toBe(422);
    wechat.switches.doubleCallback = 'different-codes';
    if (authorize) expect(await check(authorize[2], 'POST', authorize[1], bodies['authorize'])).toBe(200);
    const { json } = await control(wechat, 'POST', 'authorize', bodies['authorize']);
    expect(Object.keys(json)).toEqual(['location', 'second']);
  });
});
