/** The pages of the phone: the question whether to log the PC in, and how it ended. */
import type { ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import { sendPage, type Icon, type PageLanguage } from '../page';
import { SCAN_STYLE } from './style';
import { scanTexts, type ByDevice, type PhoneMessage, type ScanTexts } from './texts';

export interface ConfirmPage {
  readonly site: string;
  readonly browser: string;
  readonly system: string;
  /** How long ago the PC asked, in ms. */
  readonly ageMs: number;
  readonly number: string;
  readonly formToken: string;
  /** Where the form may lead, redirects included: browsers check the origins of all of them. */
  readonly formTargets: readonly string[];
}

/** The buttons have the same size: declining must be as easy as confirming. */
export function sendConfirmPage(res: ServerResponse, language: PageLanguage, page: ConfirmPage): void {
  const { phone } = scanTexts(language);
  sendPage(
    res,
    200,
    language,
    {
      title: phone.title,
      text: phone.question,
      kind: 'scan-question',
      icon: 'computer',
      body: `${facts(page, phone)}
<p class="caution" role="note">${phone.warning}</p>
<form class="question" method="post">
<input type="hidden" name="token" value="${escapeHTML(page.formToken)}">
<div class="choice"><button name="action" value="cancel">${phone.cancel}</button>
<button class="main" name="action" value="confirm">${phone.confirm}</button></div>
</form>`,
      links: [],
    },
    {
      style: SCAN_STYLE,
      formAction: ["'self'", ...page.formTargets].join(' '),
      isUnframed: true,
    },
  );
}

function facts({ site, browser, system, ageMs, number }: ConfirmPage, texts: ScanTexts['phone']): string {
  const minutes = Math.floor(ageMs / 60_000);
  const rows = [
    [texts.site, site],
    [texts.device, [system, browser].filter(Boolean).join(' · ') || texts.unknownDevice],
    [texts.since, minutes < 1 ? texts.justNow : texts.minutesAgo(minutes)],
  ] as const;
  const row = ([name, value]: readonly [string, string]): string =>
    `<div><dt>${name}</dt><dd>${escapeHTML(value)}</dd></div>`;
  return `<dl class="facts">${rows.map(row).join('')}
<div class="big"><dt>${texts.number}</dt><dd>${escapeHTML(number)}</dd></div></dl>`;
}

interface Sent {
  readonly status: number;
  readonly icon: Icon;
  /** What the page is about, for programs that read it: see `PageContent`. */
  readonly kind: string;
}

const MESSAGES: Readonly<Record<PhoneMessage, Sent>> = {
  done: { status: 200, icon: 'done', kind: 'scan-done' },
  cancelled: { status: 200, icon: 'info', kind: 'scan-cancelled' },
  taken: { status: 409, icon: 'warn', kind: 'scan-taken' },
  forgotten: { status: 400, icon: 'warn', kind: 'state_unknown' },
  expired: { status: 410, icon: 'warn', kind: 'scan-expired' },
};

/** What is known of a login that the phone has confirmed. */
export interface DoneDetails {
  /** The system of the device that started the login. */
  readonly system: string;
  /** Four digits to type on that device, with `confirm: 'pin'`. */
  readonly pin: string | undefined;
}

export function sendPhoneMessage(
  res: ServerResponse,
  language: PageLanguage,
  message: PhoneMessage,
  { system, pin }: DoneDetails = { system: '', pin: undefined },
): void {
  const { messages, phone } = scanTexts(language);
  const { status, icon, kind } = MESSAGES[message];
  const { title, text } = messages[message];
  const typePin =
    pin && `<p class="soft">${forDevice(phone.typePin, system)}</p><p class="big-pin">${pin}</p>`;
  const body = typePin ?? (message === 'done' ? `<p class="soft">${phone.close}</p>` : '');
  sendPage(
    res,
    status,
    language,
    { title: forDevice(title, system), text, kind, icon, body, links: [] },
    { style: SCAN_STYLE, isUnframed: true },
  );
}

/** Any other device may be the phone itself, whose user opened a link in WeChat. */
const COMPUTERS = ['Windows', 'macOS', 'ChromeOS', 'Linux'];

function forDevice(text: string | ByDevice, system: string): string {
  if (typeof text === 'string') return text;
  return COMPUTERS.includes(system) ? text.computer : text.other;
}
