/**
 * Steps 2 and 3 of a scan login, on the phone: it opens the ticket, the user confirms, and an ordinary login
 * of the official account starts. Its callback goes on in handover.ts.
 */
import { WechatAuthError } from '../../errors';
import { originOf, redirectURI, scanPath } from '../addresses';
import { accountOf, type Context } from '../context';
import { explainScanLoss } from '../failures/lost-session/explain-loss';
import { authorizeURLOf } from '../options/account';
import { pathOf } from '../http/request';
import { redirect } from '../http/response';
import { browserKind } from '../http/user-agent';
import { prepareLogin } from '../login/login';
import { LoginReporter } from '../login/login-reporter';
import { sendOpenInWechat } from '../pages/open-in-wechat';
import { languageOf } from '../pages/page';
import { sendConfirmPage, sendPhoneMessage } from '../pages/scan/phone-page';
import { isSameMAC } from '../state/hash';
import { requireSession } from '../state/missing-session';
import { saveSession } from '../state/session';
import { readForm } from './form';
import { requireScanLogin } from './require-scan-login';
import { isFromThisPage } from './same-origin';
import type { TicketRecord } from './tickets/ticket-records';
import { addPhoneId, phoneIdOf } from './tickets/phone-id';
import { hashOfPhone } from './tickets/phone-hash';
import type { Ticket } from './tickets/ticket';

/** `GET /scan/<ticket>` shows the question, `POST /scan/<ticket>` answers it. */
export async function phone(context: Context): Promise<void> {
  const { req, res } = context;
  // The address holds the ticket. Under no-referrer, browsers would post `Origin: null`.
  res.setHeader('Referrer-Policy', 'same-origin');
  const ticket = requireScanLogin(context).tickets.read(ticketIn(context));
  if (!ticket) sendPhoneMessage(res, languageOf(req), 'expired');
  else if (req.method === 'POST') await handleForm(context, ticket);
  else if (browserKind(req) === 'wechat') await openTicket(context, ticket);
  else
    sendOpenInWechat(req, res, {
      address: ticketURL(context, ticket),
      browser: browserKind(req),
      qrLogin: undefined,
    });
}

function ticketIn({ req }: Context): string {
  return pathOf(req.url ?? '')
    .replace(/\/$/, '')
    .replace(/^.*\//, '');
}

function ticketURL(context: Context, { text }: Ticket): string {
  return `${originOf(context)}${scanPath(context)}/${text}`;
}

/** The first phone takes the ticket. That phone may open the page again. */
async function openTicket(context: Context, ticket: Ticket): Promise<void> {
  const { req, config } = context;
  const session = requireSession(req, config);
  let id = phoneIdOf(session, config.sessionKey);
  if (id === undefined) {
    id = addPhoneId(session, config.sessionKey);
    await saveSession(req, config);
  }
  const record = await requireScanLogin(context).ticketRecords.take(ticket.name, hashOfPhone(ticket, id));
  if (await sendEnded(context, ticket, id, record)) return;
  sendQuestion(context, ticket, id);
}

/**
 * Whether this phone cannot confirm the ticket, or no longer can. If so, this function has sent a page that
 * says why.
 */
async function sendEnded(
  context: Context,
  ticket: Ticket,
  id: string,
  record: TicketRecord,
): Promise<boolean> {
  const { req, res } = context;
  const language = languageOf(req);
  const isOurs = record.phone === hashOfPhone(ticket, id);
  const { results } = requireScanLogin(context);
  if (!isOurs) sendPhoneMessage(res, language, record.end === undefined ? 'taken' : 'expired');
  else if (record.end === 'cancelled') sendPhoneMessage(res, language, 'cancelled');
  else if (record.end === 'over') sendPhoneMessage(res, language, 'expired');
  else if (record.end === 'collected' || (await results.isKept(ticket.name)))
    sendPhoneMessage(res, language, 'done', {
      system: ticket.device.system,
      pin: await results.pinOf(ticket.name),
    });
  else return false;
  return true;
}

function sendQuestion(context: Context, ticket: Ticket, id: string): void {
  const { req, res } = context;
  const { tickets, lifetimeMs } = requireScanLogin(context);
  const callback = redirectURI(context);
  const authorizeURL = authorizeURLOf(accountOf(context, 'official'), 'official', callback, '', ticket.scope);
  sendConfirmPage(res, languageOf(req), {
    site: new URL(originOf(context)).host,
    ...ticket.device,
    ageMs: Math.max(0, Date.now() - (ticket.expiresAt - lifetimeMs)),
    number: ticket.number,
    formToken: tickets.formToken(ticket, id),
    formTargets: [...new Set([new URL(authorizeURL).origin, new URL(callback).origin])],
  });
}

/** The user tapped a button of the question. */
async function handleForm(context: Context, ticket: Ticket): Promise<void> {
  const { req, res, config } = context;
  const { tickets, ticketRecords } = requireScanLogin(context);
  const form = await readForm(req);
  const id = phoneIdOf(requireSession(req, config), config.sessionKey);
  const hasToken = id !== undefined && isSameMAC(form.get('token') ?? '', tickets.formToken(ticket, id));
  if (!isFromThisPage(context, hasToken)) throw fromOtherSite();
  if (id === undefined) {
    // When this phone got the question, its session held the id. The session has lost it since.
    explainScanLoss(context);
    sendPhoneMessage(res, languageOf(req), 'forgotten');
    return;
  }
  const record = await ticketRecords.take(ticket.name, hashOfPhone(ticket, id));
  if (await sendEnded(context, ticket, id, record)) return;
  if (form.get('action') === 'confirm') await startLoginOnPhone(context, ticket);
  else if (form.get('action') === 'cancel') {
    await ticketRecords.end(ticket.name, 'cancelled');
    sendPhoneMessage(res, languageOf(req), 'cancelled');
  } else sendQuestion(context, ticket, id);
}

function fromOtherSite(): WechatAuthError {
  return new WechatAuthError(
    'forbidden',
    'A scan login is confirmed only by the form of its own page, and nothing proves that this request comes ' +
      'from there.',
  );
}

/** An ordinary login of the official account, which ends on the PC. */
async function startLoginOnPhone(context: Context, { text, scope: requested }: Ticket): Promise<void> {
  const { req, res, config } = context;
  try {
    const {
      account,
      redirectURI: uri,
      scope,
      state,
    } = await prepareLogin(context, 'official', {
      scope: requested,
      scan: text,
    });
    redirect(req, res, authorizeURLOf(account, 'official', uri, state, scope));
  } catch (error) {
    new LoginReporter(config, { flow: 'scan', scope: requested }).failed(error);
    throw error;
  }
}
