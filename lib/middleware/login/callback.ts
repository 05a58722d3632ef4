/** The callback route: from WeChat's code to a user in the session, in the order in which it happens. */
import createDebug from 'debug';
import { WechatAuthError, isWechatError, type WechatErrorKind } from '../../errors';
import { likelyCauses } from '../failures/diagnosis';
import { verified, exchange, type VerifiedCallback } from './exchange';
import { header, queryOf } from '../http/request';
import { startLogin } from './login';
import {
  finishedReturnTo,
  isExpired,
  newState,
  restartsOf,
  takePending,
  type PendingLogin,
} from '../state/pending-logins';
import { CAUSES } from '../pages/texts';
import { sendFailure, type FailureDetails } from '../failures/send-failure';
import { requireSession } from '../state/session';
import type { CallbackParams, LoginResult } from '../state/shared-logins';
import { saveLogin } from './current-login';
import { type Context } from '../context';
import { redirect } from '../http/response';
import { returnToOrDefault } from '../addresses';
import { LoginReporter } from './login-reporter';

const debug = createDebug('wechat-auth:callback');

/** A browser that comes back from WeChat. */
interface Return extends Context {
  readonly ending: LoginReporter;
}

/** `GET /callback?code=…&state=…`: never a page on success, always a redirect. */
export async function callback(context: Context): Promise<void> {
  const ending = new LoginReporter(context.config);
  try {
    await handleCallback({ ...context, ending });
  } catch (error) {
    ending.failed(error);
    throw error;
  }
}

async function handleCallback(context: Return): Promise<void> {
  const { req, res, config, ending } = context;
  const answer = parseCallback(context);
  const { code, state } = answer;
  ending.identify(state, undefined);
  const session = requireSession(req);
  const pending = takePending(session, config.sessionKey, state) ?? config.logins.recallCallback(answer);
  ending.identify(state, pending);
  const ended = finishedReturnTo(session, config.sessionKey, state);
  if (ended !== undefined) {
    debug('a finished login came back again');
    redirect(req, res, returnToOrDefault(context, ended));
  } else if (code === '' || code === 'authdeny') {
    await fail(context, denied(), pending);
  } else if (!pending || isExpired(pending, config.loginTimeout)) {
    await restartLogin(context, state, pending);
  } else {
    await finish(context, verified(answer, pending));
  }
}

async function fail(context: Return, error: unknown, refusal?: FailureDetails): Promise<void> {
  context.ending.failed(error);
  await sendFailure(context, error, refusal);
}

function denied(): WechatAuthError {
  return new WechatAuthError(
    'access_denied',
    'WeChat came back without a code: the user refused. Offer the login again.',
  );
}

const LONGEST_CODE = 512;

/** Reads code and state; refuses what WeChat never sends. */
function parseCallback({ req }: Context): CallbackParams {
  const query = queryOf(req.url ?? '');
  const names = [...query.keys()];
  if (new Set(names).size < names.length || names.some((name) => /[[\]]/.test(name))) {
    throw new WechatAuthError(
      'state_unknown',
      'A parameter of the callback is repeated, or is a list. WeChat sends code and state once each: start the login again.',
    );
  }
  const code = query.get('code') ?? '';
  if (!/^[\u0021-\u007e]*$/.test(code) || code.length > LONGEST_CODE) {
    throw new WechatAuthError(
      'code_invalid',
      `The code is longer than ${LONGEST_CODE} bytes, or not printable ASCII: WeChat did not send it. Start the login again.`,
    );
  }
  return { code, state: query.get('state') ?? '', cookies: header(req, 'cookie') };
}

/** Exchanges the code, writes the session, sends the browser where it wanted to go. */
async function finish(context: Return, answer: VerifiedCallback): Promise<void> {
  const { pending, state } = answer;
  const { logins } = context.config;
  // Who only waits for what another callback brings has nothing to tell of it.
  let isOurs = false as boolean;
  try {
    const outcome = await logins.shareResult(answer, () => {
      isOurs = true;
      return resultOf(context, answer);
    });
    logins.rememberCallback(answer, pending);
    if ('restart' in outcome) {
      await startLogin(context, pending, { state: outcome.restart, replaces: state, isReported: !isOurs });
      return;
    }
    await saveLogin(context, outcome.session, { state, returnTo: pending.returnTo });
    if (isOurs) context.ending.succeeded(outcome.session);
    debug('%s login finished', pending.flow);
    redirect(context.req, context.res, returnToOrDefault(context, pending.returnTo));
  } catch (error) {
    if (isWechatError(error)) debug('%s login failed: %s', pending.flow, error.kind);
    if (isOurs) context.ending.failed(error);
    await sendFailure(context, error, pending);
  }
}

/** What a fresh login may cure. The code itself is never sent again: it may be spent. */
const RESTARTABLE: readonly WechatErrorKind[] = [
  'code_invalid',
  'code_used',
  'busy',
  'timeout',
  'network',
  'bad_answer',
];

async function resultOf(context: Return, answer: VerifiedCallback): Promise<LoginResult> {
  try {
    return { session: await exchange(context, answer) };
  } catch (error) {
    const curable = isWechatError(error) && RESTARTABLE.includes(error.kind);
    if (!curable || restartsOf(answer.state) !== 0) throw error;
    debug('%s login restarts: %s', answer.pending.flow, error.kind);
    context.ending.restarted(error);
    return { restart: newState(1) };
  }
}

/**
 * A login that this session knows nothing of, or one that took too long: once more, and only once, or a client that drops or alters
 * states would loop.
 */
async function restartLogin(
  context: Return,
  state: string,
  expired: PendingLogin | undefined,
): Promise<void> {
  if (restartsOf(state) === 0) {
    debug('a login that is unknown or too old restarts');
    context.ending.restarted(expired ? tookTooLong(context) : stateUnknown());
    const returnTo = expired?.returnTo ?? context.config.logins.returnToOf(state);
    await startLogin(context, { ...expired, returnTo }, { state: newState(1), replaces: state });
  } else if (expired) {
    await fail(context, tookTooLong(context), expired);
  } else {
    await giveUp(context, state);
  }
}

function tookTooLong({ config }: Context): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    `The login took longer than loginTimeout allows (${config.loginTimeout} ms), twice. Start it again.`,
  );
}

/** Says what most likely lost the login: only the operator can mend it. */
async function giveUp(context: Return, state: string): Promise<void> {
  const causes = likelyCauses(context, state);
  const words = (causes.found.length > 0 ? causes.found : causes.likely)
    .map((cause) => CAUSES[cause].en)
    .join('; or ');
  const error =
    restartsOf(state) === undefined
      ? stateUnknown()
      : new WechatAuthError(
          'login_loop',
          `The login came back a second time to a session that knows nothing of it. The likely cause: ${words}.`,
        );
  await fail(context, error, { causes });
}

function stateUnknown(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'The state is missing, or none that this app made. Start the login again.',
  );
}
