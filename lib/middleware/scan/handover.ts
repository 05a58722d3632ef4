/**
 * Step 4 of a scan login, in the callback of the phone: WeChat said who the user is. The result is kept for
 * the PC, which collects it in poll.ts. The phone itself is not logged in.
 */
import { WechatAuthError } from '../../errors';
import { scanPath } from '../addresses';
import { accountOf, type Context } from '../context';
import { languageOf } from '../pages/page';
import { sendPhoneMessage } from '../pages/scan/phone-page';
import type { TokenUser } from '../options/account';
import { recordFinished } from '../state/pending-logins';
import { requireSession } from '../state/missing-session';
import { saveSession } from '../state/session';
import type { WechatSession } from '../state/wechat-session';
import { currentLogin } from '../login/current-login';
import { requireScanLogin } from './require-scan-login';
import { phoneRequestOf } from './tickets/phone-request';
import type { Ticket } from './tickets/ticket';

/**
 * Recorded in the session of the phone in place of a return path, so that a second callback shows the same
 * page.
 */
const HANDED_OVER = 'scan:';

/**
 * Keeps the result for the PC.
 *
 * @returns a login that no session gets. It only identifies the user, for a second code of this login.
 */
export async function keepForPC(
  context: Context,
  ticketText: string,
  { user, token, openid, unionid, scope }: TokenUser,
): Promise<WechatSession> {
  const { ticketRecords, results } = requireScanLogin(context);
  const { name } = requireTicket(context, ticketText);
  if ((await ticketRecords.read(name))?.end !== undefined) throw ticketOver();
  const person = { openid, ...(unionid !== undefined && { unionid }), scope };
  await results.keep(name, { ...person, user, token: token.data, phone: phoneRequestOf(context.req) });
  return { ...person, user, appid: accountOf(context, 'scan').appid, flow: 'scan' };
}

/** @throws WechatAuthError of kind `state_unknown` if the ticket has expired meanwhile. */
export function requireTicket(context: Context, ticketText: string): Ticket {
  const ticket = requireScanLogin(context).tickets.read(ticketText);
  if (ticket) return ticket;
  throw ticketOver();
}

function ticketOver(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'The QR code that this phone scanned is over: it expired, or its login was ended. Get a new one on the PC.',
  );
}

/** Tells the user to go back to the device that started the login. */
export async function finishOnPhone(
  context: Context,
  {
    state,
    root,
    appid,
  }: { readonly state: string; readonly root: string | undefined; readonly appid?: string | undefined },
  ticketText: string,
): Promise<void> {
  const { req, config } = context;
  // Removes a login that a logout has ended. It would count again as soon as another login is the newest one.
  currentLogin(req, config);
  recordFinished(requireSession(req, config), config.sessionKey, {
    state,
    returnTo: HANDED_OVER + ticketText,
    ...{ root, appid },
  });
  await saveSession(req, config);
  await sendDone(context, ticketText);
}

/** The ticket of a login that this phone has finished, from what its session recorded. */
export function handedOverTicket(finished: string | undefined): string | undefined {
  return finished?.startsWith(HANDED_OVER) ? finished.slice(HANDED_OVER.length) : undefined;
}

export async function sendDone(context: Context, ticketText: string): Promise<void> {
  const { req, res } = context;
  const { tickets, results } = requireScanLogin(context);
  const ticket = tickets.read(ticketText);
  const pin = ticket && (await results.pinOf(ticket.name));
  sendPhoneMessage(res, languageOf(req), 'done', { system: ticket?.device.system ?? '', pin });
}

/** Where the user of the phone may try again. */
export function questionPath(context: Context, ticketText: string): string {
  return `${scanPath(context)}/${ticketText}`;
}
