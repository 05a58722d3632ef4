/** Runs the app's `onLogin`: distinguishes a refusal from a bug of the app, and checks what it returns. */
import { WechatAuthError } from '../../errors';
import { warn } from '../../warnings';
import { keepTrace, propertyOf } from '../failures/app-trace';
import { callInTime, HookTooLate } from '../failures/call-in-time';
import { pageOf, warningOf } from '../failures/warn-operator';
import type { HostRequest } from '../http/request';
import type { OnLogin } from '../options/options';
import { userFault } from '../state/storable';

/** The values to mask in an error of the app: its message may repeat what the app was given. */
export type LoginSecrets = readonly (string | undefined)[];

/**
 * The object that `onLogin` returns, to be kept as the user; `undefined` if it returns nothing.
 *
 * @throws WechatAuthError of kind `login_refused` if it refuses the user, `login_failed` if it throws
 * anything else or does not settle, `config` if it returns something other than an object. requireStorable()
 * checks what the object holds.
 */
export async function runOnLogin<User extends object>(
  onLogin: OnLogin,
  req: HostRequest,
  login: Parameters<OnLogin>[1],
  secrets: () => LoginSecrets,
): Promise<User | undefined> {
  const kept = await callOnLogin(onLogin, req, login, secrets);
  if (kept === undefined || kept === null) return undefined;
  if (typeof kept !== 'object' || Array.isArray(kept)) {
    throw new WechatAuthError(
      'config',
      `onLogin returned ${Array.isArray(kept) ? 'an array' : `a ${typeof kept}`}. ` +
        'Return the object to keep as the user, or nothing.',
    );
  }
  return kept as User;
}

/** @throws WechatAuthError of kind `config` that names the field which a session cannot hold. */
export function requireStorable(user: object): void {
  const fault = userFault(user);
  if (!fault) return;
  throw new WechatAuthError(
    'config',
    `The session cannot hold the user of this login, because sessions are saved as JSON: ${fault}. ` +
      'Return from onLogin only what JSON can hold.',
  );
}

async function callOnLogin(
  onLogin: OnLogin,
  req: HostRequest,
  login: Parameters<OnLogin>[1],
  secrets: () => LoginSecrets,
): Promise<unknown> {
  try {
    return await callInTime<unknown>('onLogin', () => onLogin(req, login));
  } catch (thrown) {
    throw thrown instanceof HookTooLate ? tooLate(thrown) : errorOf(thrown, secrets());
  }
}

function tooLate({ message }: HookTooLate): WechatAuthError {
  return reported(new WechatAuthError('login_failed', message));
}

/** The app's own message stays in the cause: it may hold details that the browser must not see. */
function errorOf(cause: unknown, secrets: LoginSecrets): WechatAuthError {
  const status = refusalStatus(cause);
  if (status !== undefined) {
    return new WechatAuthError('login_refused', 'onLogin refused this login. Its error is the cause.', {
      cause,
      status,
    });
  }
  const error = new WechatAuthError(
    'login_failed',
    'onLogin threw an error that is not a refusal. Its error is the cause. To refuse a user, throw an error ' +
      'with `refuse: true`, or with a `status` from 400 to 499.',
    { cause },
  );
  return reported(error, keepTrace(error, cause, secrets));
}

/** Prints a warning each time, and not once per cause: each such error is a bug that a user has met. */
function reported(error: WechatAuthError, trace?: string): WechatAuthError {
  warn('WECHAT_LOGIN_FAILED', warningOf(error), { trace, page: pageOf(error) });
  return error;
}

/** The HTTP status of a deliberate refusal; `undefined` if the app did not mean to refuse. */
export function refusalStatus(thrown: unknown): number | undefined {
  const status = propertyOf(thrown, 'status');
  if (typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 499) return status;
  return propertyOf(thrown, 'refuse') === true ? 403 : undefined;
}
