/** The page of the PC: the QR code, what happens on the phone, and a PIN where the site asks for one. */
import type { ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import { COPY_SCRIPT, copyableLink } from '../copy-link';
import { iconOf, sendPage, type PageLanguage } from '../page';
import { qrSVG } from '../qr-svg';
import { PC_SCRIPT } from './script';
import { SCAN_STYLE } from './style';
import { scanTexts, type ScanTexts } from './texts';

/** The status of a scan login that has not logged the PC in. */
export type UnfinishedStatus = 'waiting' | 'scanned' | 'cancelled' | 'expired';

export interface PCPage {
  /** The address that the QR code holds. */
  readonly url: string;
  readonly number: string;
  /** The address that the page polls for the status of the login. */
  readonly statusURL: string;
  readonly expiresAt: number;
  /** The site, as the phone will name it. */
  readonly site: string;
  readonly asksForPin: boolean;
  /** Whether the browser is on a phone, which cannot scan its own screen. */
  readonly isOnPhone: boolean;
  /** The address that shows a new code. */
  readonly again: string;
}

/** The QR code as SVG, black on white in light and dark mode. */
export function qrCode(url: string): string {
  return qrSVG(url, { border: 2, pixelSize: 6 });
}

export function sendPCPage(res: ServerResponse, language: PageLanguage, page: PCPage): void {
  const texts = scanTexts(language);
  sendPage(
    res,
    200,
    language,
    {
      title: page.isOnPhone ? texts.elsewhere.title : texts.pc.title,
      text: page.site,
      kind: 'scan-login',
      body: view(page, texts, language),
      links: [],
    },
    { style: SCAN_STYLE, script: PC_SCRIPT + COPY_SCRIPT, formAction: "'self'", isUnframed: true },
  );
}

/** The address that shows the status of the login as a page, for a browser that runs no script. */
function statusPageURL(statusURL: string): string {
  return `${statusURL}&page=1`;
}

function view(page: PCPage, texts: ScanTexts, language: PageLanguage): string {
  const { pc } = texts;
  return `<div id="scan" ${dataOf(page, texts)}>
${page.isOnPhone ? elsewhere(page, texts, language) : ''}
<div class="scan-code" role="img" aria-label="${pc.codeAlt}">${code(page.url)}
<div class="veil" id="veil" hidden>${TICK}${BANG}</div></div>
<p class="state" id="state" role="status" aria-live="polite">${page.isOnPhone ? '' : pc.waiting}</p>
<div id="compare"><p class="number">${pc.number} <b id="number">${page.number}</b></p>
<p class="soft">${pc.compare}</p></div>
${page.asksForPin ? pinForm(page.statusURL, pc, 'hidden') : ''}
<p class="soft time" id="time" hidden></p>
<a class="main" id="again" href="${escapeHTML(page.again)}" hidden>${pc.again}</a>
<noscript><a class="main" href="${escapeHTML(statusPageURL(page.statusURL))}">${pc.goOn}</a></noscript>
</div>`;
}

function code(url: string): string {
  return qrCode(url).replace('<svg ', '<svg class="qr" aria-hidden="true" ');
}

/** Icons in HTML elements, because SVG elements have no property `hidden`. */
const TICK = `<span id="tick">${iconOf('done')}</span>`;
const BANG = `<span id="bang" hidden>${iconOf('warn')}</span>`;

/** The texts of the script, and the address that it polls. */
function dataOf(page: PCPage, texts: ScanTexts): string {
  const { url, number, statusURL, expiresAt, isOnPhone } = page;
  const { pc } = texts;
  const data = {
    link: url,
    number,
    status: statusURL,
    left: String(Math.max(0, expiresAt - Date.now())),
    waiting: isOnPhone ? '' : pc.waiting,
    scanned: scannedText(page, texts),
    confirmed: pc.confirmed,
    cancelled: pc.cancelled,
    expired: pc.expired,
    failed: pc.failed,
    offline: pc.offline,
    wrong: pc.wrongPin,
    time: pc.timeLeft,
  };
  return Object.entries(data)
    .map(([name, value]) => `data-${name}="${escapeHTML(value)}"`)
    .join(' ');
}

function scannedText(page: Pick<PCPage, 'isOnPhone' | 'asksForPin'>, { pc, elsewhere }: ScanTexts): string {
  const { scanned } = page.isOnPhone ? elsewhere : pc;
  return page.asksForPin ? scanned.pin : scanned.tap;
}

/** The script sends it. Without a script, it is an ordinary form, and the response is a page. */
function pinForm(statusURL: string, pc: ScanTexts['pc'], hidden: 'hidden' | ''): string {
  return `<form class="pin" id="pin" method="post" action="${escapeHTML(statusPageURL(statusURL))}" ${hidden}>
<label for="digits">${pc.pin}</label>
<input id="digits" name="pin" inputmode="numeric" autocomplete="off" pattern="[0-9]{4}" maxlength="4" required>
<button class="main">${pc.sendPin}</button>
</form>`;
}

/**
 * The steps on a phone: the user copies the link and opens it in WeChat, because no link on a page can open
 * an address in WeChat.
 */
function elsewhere({ url }: PCPage, { elsewhere: texts }: ScanTexts, language: PageLanguage): string {
  const [copy = '', send = '', returnToPC = ''] = texts.steps;
  return `<div id="elsewhere"><ol class="steps">
<li>${copy}</li><li>${send}</li><li>${returnToPC}</li></ol>
${copyableLink(url, language)}
<a href="weixin://">${texts.open}</a>
<p class="soft">${texts.otherPhone}</p></div>`;
}

/** The status of the login as a page, for a browser that runs no script. */
export function sendStatusPage(
  res: ServerResponse,
  language: PageLanguage,
  page: Pick<PCPage, 'statusURL' | 'again' | 'asksForPin' | 'isOnPhone'> & {
    readonly status: UnfinishedStatus;
    /** In place of the text of the status. */
    readonly message?: string | undefined;
  },
): void {
  const texts = scanTexts(language);
  const { pc } = texts;
  const isOver = page.status === 'cancelled' || page.status === 'expired';
  const again = { href: page.again, label: pc.again };
  const asksForPin = page.asksForPin && page.status === 'scanned';
  const goOn = { href: statusPageURL(page.statusURL), label: pc.goOn, isMain: !asksForPin };
  const byStatus = {
    waiting: pc.notYet,
    scanned: scannedText(page, texts),
    cancelled: pc.cancelled,
    expired: pc.expired,
  };
  sendPage(
    res,
    200,
    language,
    {
      title: pc.title,
      text: page.message ?? byStatus[page.status],
      kind: `scan-${page.status}`,
      icon: isOver ? 'warn' : 'scan',
      body: asksForPin ? pinForm(page.statusURL, pc, '') : '',
      links: isOver ? [{ ...again, isMain: true }] : [goOn, again],
    },
    { style: SCAN_STYLE, formAction: "'self'", isUnframed: true },
  );
}
