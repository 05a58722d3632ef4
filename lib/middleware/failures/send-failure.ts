/**
 * How the failure of a login or of a guard is sent: the app's `onError`, otherwise a page for browsers,
 * otherwise JSON.
 */
import type { ServerResponse } from 'node:http';
import { isWechatError, type WechatError } from '../../errors';
import { loginPath, returnToOrDefault, routePath } from '../addresses';
import type { Context } from '../context';
import { wantsPage, type Next } from '../http/request';
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
    /**
     * Returns the path of the login route that starts the same login again, by default the login route with
     * `returnTo`. Returns `null` if no link can: another login must not pass for this one.
     */
    readonly again?: (() => string | null) | undefined;
    /** Whether the response is JSON, whatever the request accepts. */
    readonly isForScript?: boolean;
    /** Whether the script shows the message to a person, as the page of a scan login does. */
    readonly isShownByScript?: boolean;
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
        // `onError` may call `next` late, when our page has been sent.
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
 * Calls `next()` if the request passes, and with the error if the work fails. What `next()` itself throws
 * comes from a handler of the app: another call of it would run that handler once more.
 */
export function nextIf(passes: Promise<boolean>, next: Next): void {
  void passes.then(
    (isPassed) => {
      if (isPassed) next();
    },
    (error: unknown) => {
      next(asError(error));
    },
  );
}

/**
 * Express and Connect take a falsy error, or the string "route", for success: they would call the next
 * handler. What they cannot read would end the process.
 */
function asError(thrown: unknown): unknown {
  if (typeof thrown === 'object' && thrown !== null && isReadable(thrown)) return thrown;
  return new Error('The session or a function of the app threw a value that is not an error.', {
    cause: thrown,
  });
}

/** Whether frameworks can read what they show of an error. */
function isReadable(thrown: object): boolean {
  try {
    const { stack, message, status, statusCode, headers } = thrown as Record<string, unknown>;
    [thrown, stack, message, status, statusCode, headers].forEach(String);
    return true;
  } catch {
    return false;
  }
}

function sendPageOrJSON(context: Context, error: WechatError, details: LoginFailure['details']): void {
  const { req, res } = context;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: only a failed login shows it
  const errorPage = require('../pages/error-page') as typeof errorPageModule;
  vary(res, 'Accept', 'Sec-Fetch-Mode', 'X-Requested-With');
  if (wantsPage(req) && !details.isForScript) {
    errorPage.sendErrorPage(req, res, error, {
      ...linksOf(context, error, details),
      cause: details.cause,
      trace: traceOf(error),
    });
  } else {
    const { messageFor, messageToShow } = errorPage;
    const message = (details.isShownByScript ? messageToShow : messageFor)(req, error);
    sendJSON(res, error.status, { error: error.kind, message });
  }
}

/** Where the user can go from the error page. */
function linksOf(
  context: Context,
  error: WechatError,
  { returnTo, retry, again }: LoginFailure['details'],
): Pick<ErrorPage, 'retry' | 'back' | 'home'> {
  const home = returnToOrDefault(context, undefined);
  if (retry !== undefined || !canStartAgain(context, error)) return { retry, home };
  const path = again ? again() : loginPath(context, { returnTo: returnTo === '' ? undefined : returnTo });
  if (path !== null) return { retry: path, home };
  const back = returnToOrDefault(context, returnTo);
  return { back: back === home ? undefined : back, home };
}

/**
 * Whether a new login can help. It cannot if the operator has to fix a fault, the user is forbidden, or it is
 * a snapshot user.
 */
function canStartAgain(context: Context, { status, kind }: WechatError): boolean {
  if (status === 500 || kind === 'forbidden' || kind === 'snapshot_user') return false;
  return routePath(context, 'login') !== undefined;
}
