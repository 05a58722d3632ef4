import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { JsonSchema } from '../schemas/json-schema';
import { APP_SCHEMA, SWITCHES_SCHEMA, USER_SCHEMA } from '../schemas/app-and-user';
import type { EmulatorApp } from '../world/apps/apps';
import type { EmulatorUser } from '../world/people/users';
import type { RecordedRequest } from '../world/request-log';
import { setSwitches } from '../world/switch-values';
import type { EmulatorSwitches } from '../world/switches';
import { faultList, FAULT_LIST } from './faults';
import { DURATION, INSTANT } from './fields';
import { fields, NOTHING, operation, type Services } from './operation';
import { withoutSecrets } from './without-secrets';

const TEXTS: JsonSchema = { type: 'object', additionalProperties: { type: 'string' } };

const REQUEST_FIELDS: Readonly<Record<keyof RecordedRequest, JsonSchema>> = {
  method: { type: 'string' },
  path: { type: 'string' },
  query: TEXTS,
  form: TEXTS,
  headers: TEXTS,
  at: INSTANT,
  warning: { type: 'string' },
  fault: { type: 'string' },
};
const REQUESTS = fields({
  requests: {
    type: 'array',
    items: fields(REQUEST_FIELDS, ['method', 'path', 'query', 'form', 'headers', 'at']),
  },
});

export const WORLD_OPERATIONS = {
  health: operation({
    method: 'GET',
    path: '/_emulator/health',
    summary: 'Whether the emulator runs, and the version of its package.',
    output: fields({ ok: { const: true }, version: { type: 'string' } }),
    run: () => ({ ok: true, version: packageVersion() }),
  }),
  state: operation({
    node: 'state',
    method: 'GET',
    path: '/_emulator/state',
    summary:
      'The time, the apps, the users, the switches and the planned faults. Secrets of your own apps are masked.',
    output: fields({
      now: INSTANT,
      apps: { type: 'array', items: APP_SCHEMA },
      users: { type: 'array', items: USER_SCHEMA },
      switches: SWITCHES_SCHEMA,
      faults: FAULT_LIST,
    }),
    run: (_: object, { world, faults }) => ({
      now: world.clock.now(),
      apps: world.apps.all.map((app) => ({ ...app, appSecret: world.apps.shownSecret(app) })),
      users: [...world.users.all],
      switches: { ...world.switches },
      faults: faults.list(),
    }),
    respond: (state, services) => ({ ...state, faults: faultList(services) }),
  }),
  setSwitches: operation({
    node: 'switches',
    method: 'PATCH',
    path: '/_emulator/switches',
    summary: 'Sets switches: all given ones, or none if one is wrong.',
    input: SWITCHES_SCHEMA,
    output: fields({ switches: SWITCHES_SCHEMA }),
    run: (switches: Partial<EmulatorSwitches>, { world }) => {
      setSwitches(world.switches, switches);
      return { switches: { ...world.switches } };
    },
  }),
  advanceClock: operation({
    node: 'clock',
    method: 'POST',
    path: '/_emulator/clock',
    summary: 'Skips time: codes, tokens and QR codes age at once.',
    input: fields({ advance: DURATION }),
    output: fields({ now: INSTANT }),
    run: ({ advance }: { readonly advance: number }, { world }) => {
      world.clock.advance(advance);
      return { now: world.clock.now() };
    },
  }),
  addApp: operation({
    node: 'addApp',
    method: 'POST',
    path: '/_emulator/apps',
    summary: 'Adds an app.',
    input: APP_SCHEMA,
    output: fields({ app: APP_SCHEMA }),
    run: (app: EmulatorApp, { world }) => {
      world.apps.add(app);
      return { app };
    },
  }),
  addUser: operation({
    node: 'addUser',
    method: 'POST',
    path: '/_emulator/users',
    summary: 'Adds a person.',
    input: USER_SCHEMA,
    output: fields({ user: USER_SCHEMA }),
    run: (user: EmulatorUser, { world }) => {
      world.users.add(user);
      return { user };
    },
  }),
  requests: operation({
    node: 'requests',
    method: 'GET',
    path: '/_emulator/requests',
    summary: 'The last 1000 requests to WeChat, newest last. Secrets of your own apps are masked.',
    output: REQUESTS,
    run: (_: object, { world }) => world.requests,
    respond: (requests, { world }) => ({ requests: requests.map((each) => withoutSecrets(each, world)) }),
  }),
  clearRequests: operation({
    node: 'requests',
    method: 'DELETE',
    path: '/_emulator/requests',
    summary: 'Clears the list of requests.',
    output: REQUESTS,
    run: (_: object, { world }) => {
      world.requests.length = 0;
      return { requests: world.requests };
    },
  }),
  reset: operation({
    node: 'reset',
    method: 'POST',
    path: '/_emulator/reset',
    summary:
      'Everything as at the start: apps, users, switches, faults, codes, tokens, QR codes, requests and the clock.',
    input: NOTHING,
    output: NOTHING,
    run: (_: object, { world, faults }: Services) => {
      faults.clear();
      world.reset();
    },
    respond: () => ({}),
  }),
};

function packageVersion(): string {
  const file = path.join(__dirname, '../../../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
