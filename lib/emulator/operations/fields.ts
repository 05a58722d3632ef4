import { ENDPOINT_NAMES } from '../faults/endpoints';
import type { FaultMatch, FaultOptions } from '../faults/fault';
import type { JsonSchema } from '../schemas/json-schema';

const TEXT: JsonSchema = { type: 'string', minLength: 1 };
const MS: JsonSchema = { type: 'number', minimum: 0, description: 'A number of milliseconds, 0 or more.' };

export const APP_ID: JsonSchema = { ...TEXT, description: 'The AppID of one of the apps.' };
export const USER_ID: JsonSchema = { ...TEXT, description: 'The id of one of the users.' };
export const OPTIONAL_USER_ID: JsonSchema = {
  ...TEXT,
  description: 'The id of one of the users; without it, the first user.',
};
export const DURATION = MS;
export const INSTANT: JsonSchema = {
  type: 'number',
  description: 'In ms since 1970, by the emulator’s clock.',
};

function fault(properties: Readonly<Record<string, JsonSchema>>, description: string): JsonSchema {
  const [first = ''] = Object.keys(properties);
  return { type: 'object', description, properties, required: [first], additionalProperties: false };
}

/**
 * The faults that JSON can express: all except a `patch` that is a function or removes a field, and a `body`
 * of bytes.
 */
export const FAULT: JsonSchema = {
  description:
    'One of the texts "reset", "reset-inside", "silence", "truncated", "empty", ' +
    'or an object with errcode, status, html, drip, body, redirect, delay or patch.',
  anyOf: [
    { enum: ['reset', 'reset-inside', 'silence', 'truncated', 'empty'] },
    fault(
      {
        errcode: { type: 'integer', description: 'A whole number, WeChat’s error code.' },
        errmsg: { type: 'string' },
      },
      'WeChat refuses.',
    ),
    fault(
      {
        status: { type: 'integer', minimum: 200, description: 'An HTTP status, 200 or more.' },
        body: { type: 'string' },
        headers: { type: 'object', additionalProperties: { type: 'string' } },
      },
      'Another HTTP status, as from a gateway.',
    ),
    fault({ html: { const: true } }, 'An HTML page instead of JSON.'),
    fault({ drip: MS }, 'The real response, one byte at a time, with this many ms between them.'),
    fault({ body: { type: 'string' }, contentType: { type: 'string' } }, 'Another body.'),
    fault({ redirect: { type: 'string', description: 'The address of the redirect.' } }, 'A redirect.'),
    fault({ delay: MS }, 'The real response, this many ms late.'),
    fault(
      { patch: { type: 'object', description: 'An object with the fields to replace.' } },
      'The real response with other fields.',
    ),
  ],
};

const MATCH_FIELDS: Readonly<Record<keyof FaultMatch, JsonSchema>> = {
  app: { ...TEXT, description: 'The AppID of one of the apps; at api_component_token, of a platform.' },
  user: { ...TEXT, description: 'The id of one of the users, at endpoints that have one.' },
  code: { ...TEXT, description: 'The authorization code, at access_token and jscode2session.' },
};

const OPTION_FIELDS: Readonly<Record<keyof FaultOptions, JsonSchema>> = {
  times: {
    anyOf: [{ type: 'integer', minimum: 1 }, { const: 'Infinity' }],
    description:
      'The number of requests that it affects, 1 or more, or the text "Infinity"; without it, one.',
  },
  after: {
    type: 'integer',
    minimum: 0,
    description: 'The number of requests that are served normally before, 0 or more.',
  },
  delay: MS,
  workDone: { type: 'boolean', description: 'True if the endpoint does its work; otherwise false.' },
  match: {
    type: 'object',
    description: 'The requests that the fault affects: { app, user, code }.',
    properties: MATCH_FIELDS,
    additionalProperties: false,
  },
};

export const FAULT_FIELDS: Readonly<Record<string, JsonSchema>> = {
  endpoint: { ...TEXT, description: `A path, or one of ${ENDPOINT_NAMES.join(', ')}.` },
  fault: FAULT,
  ...OPTION_FIELDS,
};
