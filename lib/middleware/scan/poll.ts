/**
 * Step 5 of a scan login, on the PC: its page polls for the status of the login, and collects the result.
 * Only the session that started the login can do so.
 */
import { WechatAuthError, isWechatError } from '../../errors';
import { AccessToken } from '../../oauth/tokens/access-token';
import { isCrossSite, scanPath, returnToOrDefault } from '../addresses';
import { accountOf, isOfThisAccount, type Context } from '../context';
import { keepTrace } from '../failures/app-trace';
import { callInTime, HookTooLate } from '../failures/call-in-time';
import { explainScanLoss } from '../failures/lost-session/explain-loss';
import { LoginFailure } from '../failures/send-failure';
import { warnOfHook } from '../failures/warn-operator';
import { header, queryOf } from '../http/request';
import { redirect, sendJSON } from '../http/response';
import { browserKind } from '../http/user-agent';
import { boundToOtherUser, mayFinish, saveLogin } from '../login/current-login';
import { completeLogin } from '../login/exchange';
import { failureDetails, repeatable } from '../login/login-link';
import { LoginReporter, loginId } from '../login/login-reporter';
import { refusalStatus, type LoginSecrets } from '../login/on-login';
import { languageOf } from '../pages/page';
import { sendStatusPage, type UnfinishedStatus } from '../pages/scan/pc-page';
import { scanTexts } from '../pages/scan/texts';
import {
  isExpired,
  sessionIdsOf,
  scanLoginsIn,
  takeScanLogin,
  type PendingLogin,
} from '../state/pending-logins';
import { getSession } from '../state/session';
import { cookieHash } from '../state/session-cookie';
import { readForm } from './form';
import { newCodePath } from './pc';
import { requireScanLogin } from './require-scan-login';
import { isFromThisPage } from './same-origin';
import type { ScanResult } from './tickets/results';

/** What the page of the PC learns, and nothing else. */
type ScanStatus = UnfinishedScan | { readonly status: 'confirmed'; readonly location: string };

interface UnfinishedScan {
  readonly status: UnfinishedStatus;
  readonly message?: string;
}

interface ScanInSession {
  readonly state: string;
  readonly pending: PendingLogin;
  /** Identifies the session through its changes of id. A logout ends all logins of one root. */
  readonly root: string | undefined;
}

/**
 * `GET /scan?login=…` returns the status. With `confirm: 'pin'`, `POST` sends the PIN. Scripts get JSON; with
 * `page=1`, a browser that runs no script gets a page.
 */
export async function poll(context: Context): Promise<void> {
  const { req, res } = context;
  const isPage = queryOf(req.url ?? '').has('page');
  let found: ScanInSession | undefined;
  try {
    const pin = req.method === 'POST' ? await pinIn(context) : undefined;
    found = await findScan(context);
    if (!found && wasMissed(context)) explainScanLoss(context);
    const status = found ? await statusOf(context, found, pin) : EXPIRED;
    if (!isPage) sendJSON(res, 200, status);
    else if (status.status === 'confirmed') redirect(req, res, status.location);
    else sendStatus(context, status, found);
  } catch (error) {
    throw new LoginFailure(error, {
      isForScript: !isPage,
      isShownByScript: !isPage,
      ...(found && failureDetails(context, found.pending)),
    });
  }
}

const EXPIRED: ScanStatus = { status: 'expired' };

/** @throws WechatAuthError of kind `forbidden` if another site sent the form. */
async function pinIn(context: Context): Promise<string> {
  const form = await readForm(context.req);
  // The session cookie is proof enough where the browser does not name the site.
  if (!isFromThisPage(context, true))
    throw new WechatAuthError('forbidden', 'Another site sent the PIN of a scan login.');
  return (form.get('pin') ?? '').trim();
}

/** The login that the request names, otherwise the newest one of this session and this account. */
async function findScan(context: Context): Promise<ScanInSession | undefined> {
  const { req, config } = context;
  const session = getSession(req);
  if (!session || isFromElsewhere(context)) return undefined;
  const id = queryOf(req.url ?? '').get('login');
  const [state, pending] =
    scanLoginsIn(session, config.sessionKey)
      .filter(([, each]) => !config.byRequest || isOfThisAccount(config, each))
      .findLast(([each]) => id === null || loginId(each) === id) ?? [];
  if (state === undefined || pending === undefined) return undefined;
  const root = sessionIdsOf(session, config.sessionKey)?.root;
  return (await config.callbackResults.isLoggedOut(state, root)) ? undefined : { state, pending, root };
}

/** Whether our page did not find its login before, either. Once may be chance: a login in another tab. */
function wasMissed(context: Context): boolean {
  return queryOf(context.req.url ?? '').has('missed') && !isFromElsewhere(context);
}

/**
 * A page of another site must not finish a login: it could choose the moment, or take the result away from
 * the page that waits for it.
 */
function isFromElsewhere(context: Context): boolean {
  return header(context.req, 'sec-fetch-site') === 'same-site' || isCrossSite(context);
}

async function statusOf(
  context: Context,
  found: ScanInSession,
  pin: string | undefined,
): Promise<ScanStatus> {
  const { tickets, ticketRecords, results, confirm, lifetimeMs } = requireScanLogin(context);
  const name = tickets.nameOf(found.state);
  // In this order: a poll that collects the result marks the ticket first, and then drops the result.
  const isKept = await results.isKept(name);
  const record = await ticketRecords.read(name);
  if (record?.end !== undefined) return { status: record.end === 'cancelled' ? 'cancelled' : 'expired' };
  if (isKept) {
    if (confirm === 'pin' && pin === undefined) return { status: 'scanned' };
    const result = await results.collect(name, pin);
    if (typeof result === 'object') {
      const { callbackResults } = context.config;
      return callbackResults.whileFinishing(found, () => collectLogin(context, found, result));
    }
    return result === 'none' ? EXPIRED : afterWrongPin(context, name);
  }
  // The phone may finish in the last second: its result has a minute of its own.
  if (isExpired(found.pending, lifetimeMs)) return EXPIRED;
  return { status: record ? 'scanned' : 'waiting' };
}

async function afterWrongPin(context: Context, name: string): Promise<ScanStatus> {
  const isOver = (await requireScanLogin(context).ticketRecords.read(name))?.end !== undefined;
  if (isOver) return EXPIRED;
  return { status: 'scanned', message: scanTexts(languageOf(context.req)).pc.wrongPin };
}

/** From here on it is like any other login, with the request and the session of the PC. */
async function collectLogin(
  context: Context,
  { state, pending, root }: ScanInSession,
  { token, phone, ...result }: ScanResult,
): Promise<ScanStatus> {
  const { req, config } = context;
  const reporter = new LoginReporter(config);
  reporter.identify(state, pending);
  const session = getSession(req);
  if (session) takeScanLogin(session, config.sessionKey, state);
  try {
    const { access_token, refresh_token } = token;
    const { appid, oauth } = accountOf(context, 'scan');
    // Before the hooks of the app, for the reason that mayFinish() names.
    if (!mayFinish(context, pending, { ...result, appid })) throw boundToOtherUser();
    const secrets = [state, access_token, refresh_token, oauth.appsecret];
    await checkDevices(context, phone, secrets);
    const login = await completeLogin(
      context,
      { pending, state, code: '' },
      { ...result, token: new AccessToken(token) },
    );
    await saveLogin(context, login, { state, pending, root, cookies: cookieHash(req) });
    reporter.succeeded(login);
    return { status: 'confirmed', location: returnToOrDefault(context, pending.returnTo) };
  } catch (error) {
    reporter.failed(error);
    // The user logged out, or logged in as another user, while the login was finishing.
    if (isWechatError(error) && error.kind === 'state_unknown') return EXPIRED;
    throw error;
  }
}

/** The option `check`. */
async function checkDevices(
  context: Context,
  phone: ScanResult['phone'],
  secrets: LoginSecrets,
): Promise<void> {
  const { check } = requireScanLogin(context);
  if (check === undefined) return;
  let allowed: unknown;
  try {
    allowed = await callInTime('The `check` of scanLogin', () => check(context.req, phone));
  } catch (thrown) {
    throw checkFailed(context, thrown, secrets);
  }
  // Only `true`: another truthy value is not what the app meant.
  if (allowed === true) return;
  throw new WechatAuthError(
    'login_refused',
    'The `check` of scanLogin did not return true for this PC and this phone.',
  );
}

/** The app's own message stays in the cause: it may hold details that the browser must not see. */
function checkFailed(context: Context, thrown: unknown, secrets: LoginSecrets): WechatAuthError {
  if (refusalStatus(thrown) !== undefined) {
    return new WechatAuthError(
      'login_refused',
      'The `check` of scanLogin refused this login. Its error is the cause.',
      { cause: thrown },
    );
  }
  const isLate = thrown instanceof HookTooLate;
  const error = isLate
    ? new WechatAuthError('login_refused', thrown.message)
    : new WechatAuthError(
        'login_refused',
        'The `check` of scanLogin threw an error that is not a refusal. Its error is the cause. To refuse a ' +
          'login, return false.',
        { cause: thrown },
      );
  if (!isLate) keepTrace(error, thrown, secrets);
  warnOfHook(context, error);
  return error;
}

/** For a browser that runs no script. */
function sendStatus(context: Context, status: UnfinishedScan, found: ScanInSession | undefined): void {
  const { req, res, config } = context;
  sendStatusPage(res, languageOf(req), {
    ...status,
    statusURL: `${scanPath(context)}?login=${found ? loginId(found.state) : ''}`,
    again: newCodePath(context, found ? repeatable(context, found.pending) : {}),
    asksForPin: config.scanLogin?.confirm === 'pin',
    isOnPhone: browserKind(req) === 'phone',
  });
}
