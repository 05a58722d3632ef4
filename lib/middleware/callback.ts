/** The callback route: from WeChat's code to a user in the session, in the order in which it happens. */
import createDebug from 'debug';
import { WechatAuthError, isWechatError, type WechatErrorKind } from '../errors';
import { causesOfLoss } from './diagnosis';
import { checkedAnswer, exchange, type CheckedAnswer } from './exchange';
import { noStore, queryOf, redirect } from './http';
import { chooseFlow, goOn } from './login';
import { dropExpired, endOfLogin, newState, restartsOf, takeLogin, type PendingLogin } from './login-state';
import { CAUSES } from './pages/texts';
import { refuse } from './refuse';
import { scopeToAsk } from './scope';
import { sessionOf } from './session';
import type { Outcome } from './shared-logins';
import { writeLogin } from './signed-in';
import { wayBack, type Visit } from './visit';

const debug = createDebug('wechat-auth:callback');

/** `GET /callback?code=…&state=…`: never a page on success, always a redirect. */
export async function callback(visit: Visit): Promise<void> {
  const { req, res, settled } = visit;
  noStore(res);
  res.setHeader('Referrer-Policy', 'no-referrer');
  const { code, state } = readAnswer(visit);
  const session = sessionOf(req);
  dropExpired(session, settled.sessionKey, settled.loginTimeout, Date.now());
  const pending = takeLogin(session, settled.sessionKey, state);
  const ended = pending ? undefined : endOfLogin(session, settled.sessionKey, state);
  if (ended !== undefined) {
    debug('a finished login came back again');
    redirect(req, res, wayBack(visit, ended));
  } else if (code === '' || code === 'authdeny') {
    throw new WechatAuthError(
      'access_denied',
      'WeChat came back without a code: the user refused. Offer the login again.',
    );
  } else if (pending) {
    await finish(visit, checkedAnswer({ code, state }, pending));
  } else {
    await startAnew(visit, state);
  }
}

interface Answer {
  readonly code: string;
  readonly state: string;
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
  return { code, state: query.get('state') ?? '' };
}

/** Exchanges the code, writes the session, sends the browser where it wanted to go. */
async function finish(visit: Visit, answer: CheckedAnswer): Promise<void> {
  const { pending, state } = answer;
  try {
    const outcome = await visit.settled.logins.once(state, () => outcomeOf(visit, answer));
    if ('restart' in outcome) {
      await restart(visit, outcome.restart, pending);
      return;
    }
    await writeLogin(visit, outcome.session, { state, returnTo: pending.returnTo });
    debug('%s login finished', pending.flow);
    redirect(visit.req, visit.res, wayBack(visit, pending.returnTo));
  } catch (error) {
    if (isWechatError(error)) debug('%s login failed: %s', pending.flow, error.kind);
    await refuse(visit, error, { returnTo: pending.returnTo });
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

async function outcomeOf(visit: Visit, answer: CheckedAnswer): Promise<Outcome> {
  try {
    return { session: await exchange(visit, answer) };
  } catch (error) {
    const curable = isWechatError(error) && CURABLE.includes(error.kind);
    if (!curable || restartsOf(answer.state) !== 0) throw error;
    debug('%s login restarts: %s', answer.pending.flow, error.kind);
    return { restart: newState(1) };
  }
}

async function restart(visit: Visit, state: string, pending: PendingLogin): Promise<void> {
  const begun = await goOn(visit, state, { ...pending, at: Date.now() });
  if (!begun) throw lost(visit, state);
  redirect(visit.req, visit.res, begun.url);
}

/** A login that this session knows nothing of: once more, and only once, or a client that drops or alters states would loop. */
async function startAnew(visit: Visit, state: string): Promise<void> {
  const flow = restartsOf(state) === 0 ? await chooseFlow(visit) : undefined;
  if (flow !== undefined) {
    const scope = scopeToAsk(flow, visit.settled.scope, undefined);
    const begun = await goOn(visit, newState(1), { returnTo: '', scope, flow, at: Date.now() });
    if (begun) {
      debug('a login that this session knows nothing of restarts');
      redirect(visit.req, visit.res, begun.url);
      return;
    }
  }
  await refuse(visit, lost(visit, state), { causes: causesOfLoss(visit, state) });
}

function lost(visit: Visit, state: string): WechatAuthError {
  const causes = causesOfLoss(visit, state);
  const words = (causes.found.length > 0 ? causes.found : causes.likely)
    .map((cause) => CAUSES[cause].en)
    .join('; or ');
  if (restartsOf(state) === undefined) {
    return new WechatAuthError(
      'state_unknown',
      'The state is missing, or none that this app made. Start the login again.',
    );
  }
  return new WechatAuthError(
    'login_loop',
    `The login came back a second time to a session that knows nothing of it. The likely cause: ${words}.`,
  );
}
