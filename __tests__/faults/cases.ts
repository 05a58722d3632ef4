// One case: a call meets a fault, the login or page ends as expectations.ts says, nothing of the failed call
// is stored, and the next try succeeds.
import assert from 'node:assert/strict';
import type { Browser, BrowserResponse } from '../support/browser';
import { statusOf, type Call, type ErrorKind } from '../support/contract';
import {
  deletesStoredToken,
  endOfLogin,
  refreshesToken,
  requestsOf,
  resultOf,
  type Attempt,
  type LoginEnd,
} from './expectations';
import { RETURN_TO, USER, type Client, type FaultFixture } from './fault-fixture';
import type { Fault } from './faults';
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

/** A session without its pending logins, which a restart replaces. */
function withoutPending(session: object): object {
  return { ...session, 'wechat:login': loginsOf(session).done };
}

export async function loginCase(
  fixture: FaultFixture,
  { step, call, fault, attempt, client }: LoginCase,
): Promise<void> {
  const browser = await fixture.newBrowser(step.before);
  const before = await fixture.session(browser);
  let callback = await fixture.startAndAgree(browser, USER, step.asks);
  if (attempt === 'after the one restart') {
    fixture.emulator.fail('access_token', { errcode: -1 });
    callback = await fixture.agree(await browser.get(callback));
  }
  const [pending] = Object.values(loginsOf(await fixture.session(browser)).pending);
  const tokens = fixture.tokens();
  fixture.onLoginResults.length = 0;

  fixture.inject(fault, call);
  const response = await fixture.request(browser, callback, client);
  expectRequests(await fixture.removeFault(fault, call), fault, call);

  const end = step.onLogin ? endWithOnLogin(fault, call) : endOfLogin(fault, call, attempt);
  const after = await fixture.session(browser);
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers['referrer-policy'], 'no-referrer');
  assert.deepEqual(fixture.onLoginResults, expectedOnLoginResults(step, fault, call, end));
  if (end.ends === 'logged in') {
    fixture.expectLoggedIn(response);
    assert.equal((after['wechat'] as { openid?: string } | undefined)?.openid, fixture.openid());
  } else if (end.ends === 'restarted') {
    assert.deepEqual([response.status, response.body], [302, '']);
    assert.deepEqual(withoutPending(after), withoutPending(before));
    const [[state, login] = ['', {}], ...others] = Object.entries(loginsOf(after).pending);
    assert.match(state, /^1[0-9a-f]{32}$/);
    assert.equal(new URL(response.location).searchParams.get('state'), state);
    assert.deepEqual({ ...login, at: 0 }, { ...pending, at: 0 });
    assert.deepEqual(others, []);
  } else {
    assert.deepEqual(after, before);
    expectErrorResponse(response, end, { client, asks: step.asks });
  }
  await expectTokens(fixture, tokens, call, end);

  // The next try succeeds at once.
  if (end.ends === 'logged in') return;
  if (end.ends === 'restarted') fixture.expectLoggedIn(await browser.get(await fixture.agree(response)));
  else await fixture.logIn(browser, USER, step.asks);
  await expectUser(fixture, browser);
}

/**
 * The error of a call that onLogin makes ends the login. One whose status is 400 to 499 counts as a refusal, as
 * any error with such a status does.
 */
export function endWithOnLogin(fault: Fault, call: Call): LoginEnd {
  const result = resultOf(fault, call);
  if (result === 'success') return { ends: 'logged in' };
  const status = statusOf(result);
  return status >= 400 && status <= 499
    ? { ends: 'refused', kind: 'login_refused', status }
    : { ends: 'refused', kind: 'login_failed' };
}

function expectedOnLoginResults(step: LoginStep, fault: Fault, call: Call, { ends }: LoginEnd): string[] {
  if (step.onLogin) return [resultOf(fault, call)];
  return ends === 'logged in' ? ['success'] : [];
}

/** An authorization code is never sent twice; other calls are sent twice at most. */
function expectRequests(requests: number, fault: Fault, call: Call): void {
  const most = requestsOf(fault, call);
  if ('connection' in fault.injection)
    assert.equal(requests, resultOf(fault, call) === 'success' ? 1 : 0, 'requests over a faulty connection');
  // On a busy machine the timeout may end a call before its request arrives.
  else if (fault.result === 'timeout')
    assert.ok(requests <= most, `${requests} requests, but ${most} at most were expected`);
  else assert.equal(requests, most, 'requests that WeChat received');
}

/** Kinds whose error page offers no link to try again: it would fail in the same way. */
const WITHOUT_RETRY: readonly ErrorKind[] = ['credentials', 'snapshot_user', 'login_failed'];

function expectErrorResponse(
  response: BrowserResponse,
  { kind, status: expected = statusOf(kind) }: Extract<LoginEnd, { ends: 'refused' }>,
  { client, asks }: { readonly client: Client; readonly asks?: string | undefined },
): void {
  const { status, headers, body, location } = response;
  const type = headers['content-type'];
  assert.deepEqual({ status, location }, { status: expected, location: '' });
  if (client === 'XHR') {
    assert.equal(type, 'application/json; charset=utf-8');
    const { message, ...rest } = response.json() as Record<string, unknown>;
    assert.deepEqual(rest, { error: kind });
    assert.ok(typeof message === 'string' && message !== '');
    return;
  }
  assert.equal(type, 'text/html; charset=utf-8');
  const sign = kind === 'snapshot_user' ? '<p class="corner"' : `<small>错误代码：${kind}( · [^<]*)?</small>`;
  assert.match(body, new RegExp(sign));
  // The same login: it asks for the same scope.
  const scope = asks === undefined ? '' : `&amp;scope=${asks}`;
  const retry = `/login?returnTo=${encodeURIComponent(RETURN_TO)}${scope}`;
  assert.equal(body.includes(`href="${retry}"`), !WITHOUT_RETRY.includes(kind), 'a link to try again');
}

type Tokens = ReturnType<FaultFixture['tokens']>;

/** The stored tokens are the ones from before, or a complete token of this user: never a part of one. */
async function expectTokens(fixture: FaultFixture, before: Tokens, call: Call, end: LoginEnd): Promise<void> {
  const after = fixture.tokens();
  const isStored =
    end.ends === 'logged in' || call !== 'access_token' || (end.ends === 'refused' && end.kind === 'scope');
  if (isStored) {
    await fixture.expectValidToken(after.get(USER));
    for (const tokens of [before, after]) tokens.delete(USER);
  }
  assert.deepEqual(after, before);
}

async function expectUser(fixture: FaultFixture, browser: Browser): Promise<void> {
  const { wechat } = await fixture.session(browser);
  assert.equal((wechat as { openid?: string } | undefined)?.openid, fixture.openid());
}

export interface PageCase {
  readonly step: PageStep;
  readonly call: Call;
  readonly fault: Fault;
}

export async function pageCase(fixture: FaultFixture, { step, call, fault }: PageCase): Promise<void> {
  const browser = await fixture.returningUser(step.expired);
  const before = await fixture.session(browser);
  const tokens = fixture.tokens();

  fixture.inject(fault, call);
  const response = await browser.get('/call');
  expectRequests(await fixture.removeFault(fault, call), fault, call);

  const result = resultOf(fault, call);
  assert.deepEqual(
    { status: response.status, body: response.json() },
    result === 'success'
      ? { status: 200, body: 'done' }
      : { status: statusOf(result), body: { error: result } },
  );
  assert.deepEqual(await fixture.session(browser), before);
  const after = fixture.tokens();
  if (deletesStoredToken(fault, call) && step.usesStoredToken) {
    assert.equal(after.get(USER), undefined);
    for (const each of [tokens, after]) each.delete(USER);
  } else if (result === 'success' || step.calls[0] !== call || refreshesToken(fault, call)) {
    await fixture.expectValidToken(after.get(USER));
    for (const each of [tokens, after]) each.delete(USER);
  }
  assert.deepEqual(after, tokens);

  const next = await fixture.openPageAgain(step.expired);
  assert.deepEqual([next.status, next.json()], [200, 'done']);
}
