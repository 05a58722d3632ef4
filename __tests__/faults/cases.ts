// One case: the fault strikes, what comes of it is what the rules say, nothing is left of it, and the next try works.
import assert from 'node:assert/strict';
import type { Answer, Browser } from '../support/browser';
import type { Fault } from './faults';
import { RETURN_TO, USER, type Client, type Lane } from './fault-fixture';
import {
  STATUS,
  endOfLogin,
  isRefreshed,
  killsTheToken,
  meaningOf,
  timesAsked,
  type Attempt,
  type Call,
  type Ending,
  type Kind,
} from './rules';
import type { LoginStep, PageStep } from './steps';

export interface LoginCase {
  readonly step: LoginStep;
  readonly call: Call;
  readonly fault: Fault;
  readonly attempt: Attempt;
  readonly client: Client;
}

interface Logins {
  pending: Record<string, Record<string, unknown>>;
  done: Record<string, string>;
}

const loginsOf = (session: object): Logins =>
  ((session as Record<string, unknown>)['wechat:login'] as Logins | undefined) ?? { pending: {}, done: {} };

/** What a session holds but for logins under way: those come and go. */
function settledPart(session: object): object {
  return { ...session, 'wechat:login': loginsOf(session).done };
}

export async function loginCase(
  lane: Lane,
  { step, call, fault, attempt, client }: LoginCase,
): Promise<void> {
  const browser = await lane.arrive(step.before);
  const before = await lane.session(browser);
  let back = await lane.leave(browser, USER, step.asks);
  if (attempt === 'after the one restart') {
    lane.emulator.fail('access_token', { errcode: -1 });
    back = await lane.agree(await browser.get(back));
  }
  const [begun] = Object.values(loginsOf(await lane.session(browser)).pending);
  const tokens = lane.tokens();
  lane.met.length = 0;

  lane.meet(fault, call);
  const answer = await lane.ask(browser, back, client);
  isHeard(await lane.heal(fault, call), fault, call);

  const ending = step.onLogin ? endOfOnLogin(fault, call) : endOfLogin(fault, call, attempt);
  const after = await lane.session(browser);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['referrer-policy'], 'no-referrer');
  assert.deepEqual(lane.met, onLoginMet(step, fault, call, ending));
  if (ending.ends === 'logged in') {
    lane.isIn(answer);
    assert.equal((after['wechat'] as { openid?: string } | undefined)?.openid, lane.openid());
  } else if (ending.ends === 'restarted') {
    assert.deepEqual([answer.status, answer.body], [302, '']);
    assert.deepEqual(settledPart(after), settledPart(before));
    const [[state, login] = ['', {}], ...others] = Object.entries(loginsOf(after).pending);
    assert.match(state, /^1[0-9a-f]{32}$/);
    assert.equal(new URL(answer.location).searchParams.get('state'), state);
    assert.deepEqual({ ...login, at: 0 }, { ...begun, at: 0 });
    assert.deepEqual(others, []);
  } else {
    assert.deepEqual(after, before);
    isRefusal(answer, ending.kind, client);
  }
  await tokensAre(lane, tokens, call, ending);

  // The next try works at once.
  if (ending.ends === 'logged in') return;
  if (ending.ends === 'restarted') lane.isIn(await browser.get(await lane.agree(answer)));
  else await lane.logIn(browser, USER, step.asks);
  await isUser(lane, browser);
}

/** Whatever onLogin throws refuses the login, a failed call of its own too. */
function endOfOnLogin(fault: Fault, call: Call): Ending {
  return meaningOf(fault, call) === 'fine'
    ? { ends: 'logged in' }
    : { ends: 'refused', kind: 'login_refused' };
}

function onLoginMet(step: LoginStep, fault: Fault, call: Call, { ends }: Ending): string[] {
  if (step.onLogin) return [meaningOf(fault, call)];
  return ends === 'logged in' ? ['fine'] : [];
}

/** How often WeChat hears of a call: a code is never sent twice. */
function isHeard(times: number, fault: Fault, call: Call): void {
  const most = timesAsked(fault, call);
  if ('door' in fault.by)
    assert.equal(times, meaningOf(fault, call) === 'fine' ? 1 : 0, 'calls through that door');
  // On a busy machine the time may be over before the request has arrived.
  else if (fault.means === 'timeout') assert.ok(times <= most, `${times} calls where ${most} were to come`);
  else assert.equal(times, most, 'calls that WeChat heard');
}

const NO_USE_IN_TRYING_AGAIN: readonly Kind[] = ['credentials', 'snapshot_user'];

function isRefusal(answer: Answer, kind: Kind, client: Client): void {
  const { status, headers, body, location } = answer;
  const type = headers['content-type'];
  assert.deepEqual({ status, location }, { status: STATUS[kind], location: '' });
  if (client === 'XHR') {
    assert.equal(type, 'application/json; charset=utf-8');
    const { message, ...rest } = answer.json() as Record<string, unknown>;
    assert.deepEqual(rest, { error: kind });
    assert.ok(typeof message === 'string' && message !== '');
    return;
  }
  assert.equal(type, 'text/html; charset=utf-8');
  assert.match(body, new RegExp(`<small>错误代码：${kind}( · [^<]*)?</small>|<p class="corner"`));
  const retry = `/login?returnTo=${encodeURIComponent(RETURN_TO)}`;
  assert.equal(
    body.includes(`href="${retry}"`),
    !NO_USE_IN_TRYING_AGAIN.includes(kind),
    'a link to try again',
  );
}

type Tokens = ReturnType<Lane['tokens']>;

/** Nothing half-written: what is kept is what was kept before, or a whole token that WeChat gave this user. */
async function tokensAre(lane: Lane, before: Tokens, call: Call, ending: Ending): Promise<void> {
  const after = lane.tokens();
  const wasGiven =
    ending.ends === 'logged in' ||
    call !== 'access_token' ||
    (ending.ends === 'refused' && ending.kind === 'scope');
  if (wasGiven) {
    await lane.isWhole(after.get(USER));
    for (const tokens of [before, after]) tokens.delete(USER);
  }
  assert.deepEqual(after, before);
}

async function isUser(lane: Lane, browser: Browser): Promise<void> {
  const { wechat } = await lane.session(browser);
  assert.equal((wechat as { openid?: string } | undefined)?.openid, lane.openid());
}

export interface PageCase {
  readonly step: PageStep;
  readonly call: Call;
  readonly fault: Fault;
}

export async function pageCase(lane: Lane, { step, call, fault }: PageCase): Promise<void> {
  const browser = await lane.regular(step.expired);
  const before = await lane.session(browser);
  const tokens = lane.tokens();

  lane.meet(fault, call);
  const answer = await browser.get('/work');
  isHeard(await lane.heal(fault, call), fault, call);

  const kind = meaningOf(fault, call);
  assert.deepEqual(
    { status: answer.status, body: answer.json() },
    kind === 'fine' ? { status: 200, body: 'done' } : { status: STATUS[kind], body: { error: kind } },
  );
  assert.deepEqual(await lane.session(browser), before);
  const after = lane.tokens();
  if (killsTheToken(fault, call) && step.through === 'the token keeper') {
    assert.equal(after.get(USER), undefined);
    for (const each of [tokens, after]) each.delete(USER);
  } else if (kind === 'fine' || step.calls[0] !== call || isRefreshed(fault, call)) {
    await lane.isWhole(after.get(USER));
    for (const each of [tokens, after]) each.delete(USER);
  }
  assert.deepEqual(after, tokens);

  const next = await lane.askAgain(step.expired);
  assert.deepEqual([next.status, next.json()], [200, 'done']);
}
