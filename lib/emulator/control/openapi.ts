import { fields, type Operation } from '../operations/operation';
import { OPERATIONS } from '../operations/table';
import type { JsonSchema } from '../schemas/json-schema';

export const OPENAPI_PATH = '/_emulator/openapi.json';

const ERROR = fields({ error: { type: 'string' }, message: { type: 'string' } });
const PAGE_REFUSAL = fields({
  error: { const: 'page_refusal' },
  message: { type: 'string' },
  text: { type: 'string', description: 'WeChat’s text, in Chinese.' },
  code: {
    type: ['integer', 'null'],
    description: 'WeChat’s error code (错误码), or null if the page shows none.',
  },
  advice: { type: 'string', description: 'What is wrong, with the value.' },
});

/** The OpenAPI description of the control API, generated from the table of operations. */
export function openAPI(origin: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [operationId, operation] of Object.entries(OPERATIONS)) {
    const described = describe(operationId, operation as unknown as Operation<object, unknown>);
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = described;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Control API of the WeChat emulator',
      version: '1',
      description: 'Steers a local WeChat from tests in any language. Never run an emulator in production.',
    },
    servers: [{ url: origin }],
    paths,
  };
}

function describe(operationId: string, operation: Operation<object, unknown>): object {
  const { summary, path, input, output, method } = operation;
  const [, parameter] = /\{(\w+)\}/.exec(path) ?? [];
  const takesBody = method === 'POST' || method === 'PATCH';
  return {
    operationId,
    summary,
    ...(parameter !== undefined && {
      parameters: [{ name: parameter, in: 'path', required: true, schema: { type: 'string' } }],
    }),
    ...(takesBody && input && { requestBody: { required: true, content: jsonContent(input) } }),
    responses: {
      200: response('Done.', output),
      ...(takesBody && { 400: response('A field is wrong. Nothing is changed.', ERROR) }),
      ...(method !== 'GET' && { 403: response('A page of another site sent the request.', ERROR) }),
      ...(parameter !== undefined && { 404: response('There is nothing with this name.', ERROR) }),
      421: response('The request is for a host that is not the emulator’s.', ERROR),
      ...(operationId === 'authorize' && { 422: response('WeChat shows an error page.', PAGE_REFUSAL) }),
    },
  };
}

function response(description: string, schema: JsonSchema): object {
  return { description, content: jsonContent(schema) };
}

function jsonContent(schema: JsonSchema): object {
  return { 'application/json': { schema } };
}
