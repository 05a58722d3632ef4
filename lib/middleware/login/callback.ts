/** The callback route: from WeChat's code to a user in the session, in the order in which it happens. */
import createDebug from 'debug';
import { WechatAuthError, isWechatError, type WechatErrorKind } from '../../errors';
import { causesOfLoss } from '../failures/diagnosis';
import { checkedAnswer, exchange, type CheckedAnswer } from './exchange';
import { header, queryOf } from '../http/request';
import { startLogin } from './login';
import {
  endOfLogin,
  isExpired,
  newState,
  restartsOf,
  takeLogin,
  type PendingLogin,
} from '../state/pending-logins';
import { CAUSES } from '../pages/texts';
import { refuse, type Refusal } from '../failures/send-failure';
import { sessionOf } from '../state/session';
import type { Answer, Outcome } from '../state/shared-logins';
import { writeLogin } from './current-login';
import { type Visit } from '../context';
import { redirect } from '../http/response';
import { wayBack } from '../addresses';
import { Ending } from './login-reporter';

const debug = createDebug('wechat-auth:callback');

/** A browser that comes back from WeChat. */
interface Return extends Visit {
  readonly ending: Ending;
}

/** `GET /callback?code=…&state=…`: never a page on success, always a redirect. */
export async function callback(visit: Visit): Promise<void> {
  const ending = new Ending(visit.settled);
  try {
    await takeAnswer({ ...visit, ending });
  } catch (error) {
    ending.failed(error);
    throw error;
  }
}

async function takeAnswer(visit: Return): Promise<void> {
  const { req, res, settled, ending } = visit;
  const answer = readAnswer(visit);
  const { code, state } = answer;
  ending.of(state, undefined);
  const session = sessionOf(req);
  const pending = takeLogin(session, settled.sessionKey, state) ?? settled.logins.recall(answer);
  ending.of(state, pending);
  const ended = endOfLogin(session, settled.sessionKey, state);
  if (ended !== undefined) {
    debug('a finished login came back again');
    redirect(req, res, wayBack(visit, ended));
  } else if (code === '' || code === 'authdeny') {
    await fail(visit, denied(), pending);
  } else if (!pending || isExpired(pending, settled.loginTimeout)) {
    await startAnew(visit, state, pending);
  } else {
    await finish(visit, checkedAnswer(answer, pending));
  }
}

async function fail(visit: Return, error: unknown, refusal?: Refusal): Promise<void> {
  visit.ending.failed(error);
  await refuse(visit, error, refusal);
}

function denied(): WechatAuthError {
  return new WechatAuthError(
    'access_denied',
    'WeChat came back without a code: the user refused. Offer the login again.',
  );
}

const LONGEST_CODE = 512;

/** Reads code and state; refuses what WeChat never sends. */
function readAnswer({ req }: Visit): Answer {
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
async function finish(visit: Return, answer: CheckedAnswer): Promise<void> {
  const { pending, state } = answer;
  const { logins } = visit.settled;
  // Who only waits for what another callback brings has nothing to tell of it.
  let isOurs = false as boolean;
  try {
    const outcome = await logins.once(answer, () => {
      isOurs = true;
      return outcomeOf(visit, answer);
    });
    logins.remember(answer, pending);
    if ('restart' in outcome) {
      await startLogin(visit, pending, { state: outcome.restart, instead: state, isTold: !isOurs });
      return;
    }
    await writeLogin(visit, outcome.session, { state, returnTo: pending.returnTo });
    if (isOurs) visit.ending.succeeded(outcome.session);
    debug('%s login finished', pending.flow);
    redirect(visit.req, visit.res, wayBack(visit, pending.returnTo));
  } catch (error) {
    if (isWechatError(error)) debug('%s login failed: %s', pending.flow, error.kind);
    if (isOurs) visit.ending.failed(error);
    await refuse(visit, error, pending);
  }
}

/** What a fresh login may cure. The code itself is never sent again: it may be spent. */
const CURABLE: readonly WechatErrorKind[] = [
  'code_invalid',
  'code_used',
  'busy',
  'timeout',
  'network',
  'bad_answer',
];

async function outcomeOf(visit: Return, answer: CheckedAnswer): Promise<Outcome> {
  try {
    return { session: await exchange(visit, answer) };
  } catch (error) {
    const curable = isWechatError(error) && CURABLE.includes(error.kind);
    if (!curable || restartsOf(answer.state) !== 0) throw error;
    debug('%s login restarts: %s', answer.pending.flow, error.kind);
    visit.ending.restarted(error);
    return { restart: newState(1) };
  }
}

/**
 * A login that this session knows nothing of, or one that took too long: once more, and only once, or a client that drops or alters
 * states would loop.
 */
async function startAnew(visit: Return, state: string, expired: PendingLogin | undefined): Promise<void> {
  if (restartsOf(state) === 0) {
    debug('a login that is unknown or too old restarts');
    visit.ending.restarted(expired ? tooLate(visit) : unknown());
    const returnTo = expired?.returnTo ?? visit.settled.logins.returnToOf(state);
    await startLogin(visit, { ...expired, returnTo }, { state: newState(1), instead: state });
  } else if (expired) {
    await fail(visit, tooLate(visit), expired);
  } else {
    await giveUp(visit, state);
  }
}

function tooLate({ settled }: Visit): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    `The login took longer than loginTimeout allows (${settled.loginTimeout} ms), twice. Start it again.`,
  );
}

/** Says what most likely lost the login: only the operator can mend it. */
async function giveUp(visit: Return, state: string): Promise<void> {
  const causes = causesOfLoss(visit, state);
  const words = (causes.found.length > 0 ? causes.found : causes.likely)
    .map((cause) => CAUSES[cause].en)
    .join('; or ');
  const error =
    restartsOf(state) === undefined
      ? unknown()
      : new WechatAuthError(
          'login_loop',
          `The login came back a second time to a session that knows nothing of it. The likely cause: ${words}.`,
        );
  await fail(visit, error, { causes });
}

function unknown(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'The state is missing, or none that this app made. Start the login again.',
  );
}
