/**
 * Step 1 of a scan login, on the PC: the login is pending in its session, and the page shows its ticket as a
 * QR code. The phone goes on in phone.ts.
 */
import { isOfficialScope } from '../../oauth/scope';
import { originOf, scanPath, returnToOrDefault, routePath } from '../addresses';
import type { Context } from '../context';
import { header } from '../http/request';
import { browserKind } from '../http/user-agent';
import { againPath, type RepeatableLogin } from '../login/login-link';
import { loginId } from '../login/login-reporter';
import { languageOf } from '../pages/page';
import { qrCode, sendPCPage } from '../pages/scan/pc-page';
import { requireScanLogin } from './require-scan-login';

/** What the page of the PC needs: ours, or a page of the app. */
interface ScanCode {
  readonly svg: string;
  readonly url: string;
  readonly number: string;
  readonly statusURL: string;
  readonly expiresAt: number;
}

/** The ticket of a pending login, and the addresses of PC and phone. */
export function scanCodeOf(context: Context, state: string, scope: string): ScanCode {
  const { tickets, lifetimeMs } = requireScanLogin(context);
  const requested = isOfficialScope(scope) ? scope : context.config.scope;
  const ticket = tickets.issue(state, header(context.req, 'user-agent'), requested, lifetimeMs);
  const path = scanPath(context);
  const url = `${originOf(context)}${path}/${ticket.text}`;
  return {
    svg: qrCode(url),
    url,
    number: ticket.number,
    statusURL: `${path}?login=${loginId(state)}`,
    expiresAt: ticket.expiresAt,
  };
}

export function sendScanPage(context: Context, state: string, scope: string, login: RepeatableLogin): void {
  const { req, res, config } = context;
  const start = scanCodeOf(context, state, scope);
  sendPCPage(res, languageOf(req), {
    ...start,
    site: new URL(start.url).host,
    asksForPin: config.scanLogin?.confirm === 'pin',
    isOnPhone: browserKind(req) === 'phone',
    again: newCodePath(context, login),
  });
}

/**
 * The address that shows a new code for the same login. It is empty without a login route: the link then
 * reloads the page of the app, which shows the code.
 */
export function newCodePath(context: Context, login: RepeatableLogin): string {
  if (routePath(context, 'login') === undefined) return '';
  return againPath(context, login) ?? returnToOrDefault(context, login.returnTo);
}
