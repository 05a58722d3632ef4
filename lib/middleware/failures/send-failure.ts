/**
 * How the failure of a login or of a guard is sent: the app's `onError`, otherwise a page for browsers,
 * otherwise JSON.
 */
import type { ServerResponse } from 'node:http';
import { isWechatError, type WechatError } from '../../errors';
import { loginPath, returnToOrDefault, routePath } from '../addresses';
import type { Context } from '../context';
import { wantsPage } from '../http/request';
import { noStore, sendJSON, vary } from '../http/response';
import type * as errorPageModule from '../pages/error-page';
import type { ErrorPage } from '../pages/error-page';
import { traceOf } from './app-trace';
import { callInTime, HookTooLate } from './call-in-time';
import { warnOfHook, warnOperator } from './warn-operator';

/** An error that ends a login, with details of that login. It is thrown only inside the middleware. */
export class LoginFailure extends Error {
  override readonly name = 'LoginFailure';
  readonly error: unknown;
  readonly details: {
    /** Where the login was to end. */
    readonly returnTo?: string | undefined;
    /** Why the session has lost the login. */
    readonly cause?: ErrorPage['cause'];
    /** The path that tries again, where it is not the login route. */
    readonly retry?: string | undefined;
    /** Whether the response is JSON, whatever the request accepts. */
    readonly isForScript?: boolean;
  };

  constructor(error: unknown, details: LoginFailure['details']) {
    super('A login failed.');
    this.error = error;
    this.details = details;
  }
}

/**
 * Sends an error of this package in the response. Any other error, or one that comes after the headers were
 * sent, goes to the app's error handler.
 */
export async function sendFailure(context: Context, thrown: unknown): Promise<void> {
  const { req, res, next, config } = context;
  const { error, details } = thrown instanceof LoginFailure ? thrown : new LoginFailure(thrown, {});
  if (!isWechatError(error) || res.headersSent) {
    next(asError(error));
    return;
  }
  warnOperator(context, error);
  noStore(res);
  if (!config.onError) {
    sendPageOrJSON(context, error, details);
    return;
  }
  const called = { next: false };
  const { onError } = config;
  try {
    await callInTime('onError', () =>
      onError(error, req, res, (failure) => {
        // It may call `next` late, when our page has been sent.
        if (!called.next) next(failure);
        called.next = true;
      }),
    );
  } catch (failure) {
    if (failure instanceof HookTooLate) warnOfHook(context, failure);
    else if (!called.next) {
      next(asError(failure));
      return;
    }
  }
  // A hook that only logs, or that never settles, must not leave the browser waiting.
  if (called.next || hasResponse(res)) return;
  called.next = true;
  sendPageOrJSON(context, error, details);
}

function hasResponse(res: ServerResponse): boolean {
  return res.headersSent || res.writableEnded;
}

/**
 * Express and Connect take a falsy error, or the string "route", for success: they would call the next
 * handler.
 */
function asError(thrown: unknown): unknown {
  if (typeof thrown === 'object' && thrown !== null) return thrown;
  return new Error('A hook of wechatAuth() threw a value that is not an error.', { cause: thrown });
}

function sendPageOrJSON(
  context: Context,
  error: WechatError,
  { returnTo, cause, retry, isForScript }: LoginFailure['details'],
): void {
  const { req, res } = context;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: only a failed login shows it
  const { messageFor, sendErrorPage } = require('../pages/error-page') as typeof errorPageModule;
  vary(res, 'Accept', 'Sec-Fetch-Mode', 'X-Requested-With');
  if (wantsPage(req) && !isForScript) {
    sendErrorPage(req, res, error, {
      retry: retry ?? retryPath(context, error, returnTo),
      home: returnToOrDefault(context, undefined),
      cause,
      trace: traceOf(error),
    });
  } else {
    sendJSON(res, error.status, { error: error.kind, message: messageFor(req, error) });
  }
}

/**
 * The path that starts the login again. Absent if that cannot help: the operator has to fix a fault, the user
 * is forbidden, or it is a snapshot user.
 */
function retryPath(context: Context, error: WechatError, returnTo: string | undefined): string | undefined {
  const cannotRetry = error.status === 500 || error.kind === 'forbidden' || error.kind === 'snapshot_user';
  if (cannotRetry || routePath(context, 'login') === undefined) return undefined;
  return loginPath(context, { returnTo: returnTo === '' ? undefined : returnTo });
}
