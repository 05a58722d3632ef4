import { PageRefusal } from '../connect/page-refusal';
import type { IncomingRequest } from '../http/incoming-request';
import { json, type OutgoingResponse } from '../http/outgoing-response';
import { NotFound, type Operation, type Services } from '../operations/operation';
import { OPERATIONS } from '../operations/table';
import { problemsOf, type JsonSchema } from '../schemas/json-schema';
import { isBadInput } from '../world/bad-input';
import { OPENAPI_PATH, openAPI } from './openapi';

/** An operation whose input has been checked against its schema, so that its type no longer matters. */
type AnyOperation = Operation<object, unknown>;

const ALL = Object.values(OPERATIONS) as unknown as readonly AnyOperation[];

/** `/_emulator/…`: serves the operations of the table over HTTP. */
export async function handleControl(
  incoming: IncomingRequest,
  services: Services,
): Promise<OutgoingResponse> {
  try {
    if (incoming.path === OPENAPI_PATH && isRead(incoming)) return json(200, openAPI(incoming.origin));
    const [operation, parameters] = findOperation(incoming);
    const input = { ...parsedBody(incoming, operation), ...parameters };
    const output = await operation.run(input, services);
    return json(200, operation.respond ? operation.respond(output, services) : (output as object));
  } catch (error) {
    return errorResponse(error);
  }
}

/** The operation of a request, and the parameter in its path. */
function findOperation({ method, path }: IncomingRequest): [AnyOperation, Record<string, string>] {
  const fitting = ALL.flatMap((operation) => {
    const parameters = matchPath(operation.path, path);
    return parameters ? [[operation, parameters] as const] : [];
  });
  if (path === OPENAPI_PATH) throw wrongMethod(method, path, 'GET');
  if (fitting.length === 0)
    throw new ControlError(404, 'not_found', `${path} is not a path of the emulator.`);
  const asked = isRead({ method }) ? 'GET' : method;
  const found = fitting.find(([operation]) => operation.method === asked);
  if (found) return [...found];
  throw wrongMethod(method, path, fitting.map(([operation]) => operation.method).join(', '));
}

function isRead({ method }: Pick<IncomingRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

function wrongMethod(method: string, path: string, allowed: string): ControlError {
  const message = `${method} is not a method of ${path}. Use ${allowed}.`;
  return new ControlError(405, 'method_not_allowed', message, allowed);
}

function matchPath(template: string, path: string): Record<string, string> | undefined {
  const [before = '', name] = template.split(/[{}]/);
  if (name === undefined) return path === template ? {} : undefined;
  const value = path.slice(before.length);
  return path.startsWith(before) && /^[^/]+$/.test(value) ? { [name]: value } : undefined;
}

const NO_FIELDS: JsonSchema = { type: 'object' };

function parsedBody({ body }: IncomingRequest, { input = NO_FIELDS, method }: AnyOperation): object {
  if (method === 'GET' || method === 'DELETE') return {};
  const value = parseJSON(body);
  const problems = problemsOf(input, value, '');
  if (problems.length > 0) throw new ControlError(400, 'bad_input', problems.join(' '));
  return value;
}

function parseJSON(body: string): object {
  if (body.trim() === '') return {};
  try {
    const value = JSON.parse(body) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The message below says what to send.
  }
  throw new ControlError(400, 'bad_input', 'The body is not a JSON object. Send one, such as {}.');
}

/** A request that the control API refuses. */
class ControlError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly allowed?: string,
  ) {
    super(message);
  }
}

function errorResponse(error: unknown): OutgoingResponse {
  if (error instanceof ControlError) {
    const response = errorJSON(error.status, error.code, error.message);
    return error.allowed === undefined
      ? response
      : { ...response, headers: { ...response.headers, Allow: error.allowed } };
  }
  if (error instanceof NotFound) return errorJSON(404, 'not_found', error.message);
  if (isBadInput(error)) return errorJSON(400, 'bad_input', error.message);
  if (!(error instanceof PageRefusal)) throw error;
  const { text, code = null, advice, message } = error;
  return json(422, { error: 'page_refusal', message, text, code, advice });
}

function errorJSON(status: number, error: string, message: string): OutgoingResponse {
  return json(status, { error, message });
}
