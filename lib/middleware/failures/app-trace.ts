/** What the app's own code threw, as text for its developer: the console, and the page in development. */
import type { WechatError } from '../../errors';
import { redactor } from '../../redact';

const MAX_LINES = 30;
const MAX_STACKS = 3;

/** The text of the app's error and its place, by the error of this package that has it as its cause. */
const TRACES = new WeakMap<WechatError, { readonly text: string; readonly place: string }>();

/**
 * Keeps the stack of what the app threw, with the secrets of the login masked. It is kept beside the error
 * and not in it, because apps send the properties of errors to browsers and logs.
 */
export function keepTrace(
  error: WechatError,
  thrown: unknown,
  secrets: readonly (string | undefined)[],
): string {
  // Line by line, because the redactor replaces line breaks, and cuts a text after 1,000 characters.
  const lines = stacksOf(thrown).flatMap((stack) => stack.split('\n'));
  const text = lines.slice(0, MAX_LINES).map(redactor(secrets)).join('\n');
  TRACES.set(error, { text, place: firstFrame(thrown) });
  return text;
}

export function traceOf(error: WechatError): string | undefined {
  return TRACES.get(error)?.text;
}

/**
 * The line of the app's code that threw: it tells two bugs apart. Their messages cannot, because they may
 * differ at each request. Empty if what was thrown has no stack.
 */
export function placeOf(error: WechatError): string {
  return TRACES.get(error)?.place ?? '';
}

/** An attacker may have chosen the message, which stands before the frames and may look like some. */
function firstFrame(thrown: unknown): string {
  const [stack, message] = [propertyOf(thrown, 'stack'), propertyOf(thrown, 'message')];
  if (typeof stack !== 'string' || typeof message !== 'string') return '';
  const start = stack.indexOf(message);
  return start < 0 ? '' : (/\n +at (.*)/.exec(stack.slice(start + message.length))?.[1] ?? '');
}

/**
 * The stack of an error and of its causes. The properties of errors are left out: drivers keep passwords
 * there.
 */
function stacksOf(thrown: unknown): string[] {
  const stacks: string[] = [];
  let error = thrown;
  while (stacks.length < MAX_STACKS) {
    const prefix = stacks.length > 0 ? 'Caused by: ' : '';
    stacks.push(prefix + stackOf(error));
    error = propertyOf(error, 'cause');
    if (error === undefined || error === null) break;
  }
  return stacks;
}

function stackOf(thrown: unknown): string {
  const stack = propertyOf(thrown, 'stack');
  if (typeof stack === 'string' && stack !== '') return stack;
  const message = propertyOf(thrown, 'message');
  if (typeof message === 'string') return message;
  if (typeof thrown === 'object' && thrown !== null) return 'an object that is not an error';
  return typeof thrown === 'function' ? 'a function' : `the value ${String(thrown)} (${typeof thrown})`;
}

/** A property of what the app threw: `undefined` if it has none, or if a getter of it throws. */
export function propertyOf(thrown: unknown, property: string): unknown {
  try {
    return (thrown as Record<string, unknown> | null | undefined)?.[property];
  } catch {
    return undefined;
  }
}
