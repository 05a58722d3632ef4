import { qrCodeSVG } from '../connect/website/image';
import { markup, type Markup } from '../pages/markup';
import { appName } from '../world/apps/apps';
import { QrStatus, type QrLogin } from '../world/credentials/qr-logins';
import { printable } from '../world/printable';
import { badge, timeOf } from './elements';
import type { HomeTexts } from './home-texts';
import type { HomeView } from './home-view';

const SHOWN_QR_CODES = 6;

/** The QR codes that wait for a phone, with the buttons of an emulated phone. The latest comes first. */
export function qrCodes(view: HomeView, texts: HomeTexts): Markup {
  const open = view.services.world.qrLogins.open().slice(-SHOWN_QR_CODES).reverse();
  const rows = open.map((login) => qrRow(login, view, texts.qr));
  return markup`<section id="qr-codes" data-live><h2>${texts.qr.title}</h2>
${rows.length === 0 ? markup`<p class="empty">${texts.qr.none}</p>` : markup`<ul class="rows">${rows}</ul>`}
</section>`;
}

function qrRow(login: QrLogin, { services, person, origin }: HomeView, texts: HomeTexts['qr']): Markup {
  const { world } = services;
  // The page itself holds the picture: a request for it would be in the list of requests to WeChat.
  const picture = Buffer.from(qrCodeSVG(login, origin, world)).toString('base64');
  const options = world.users.all.map(
    (user) =>
      markup`<option value="${user.id}"${user === person && markup` selected`}>${printable(user.nickname)}</option>`,
  );
  return markup`<li><img class="qr-image" alt="QR" src="data:image/svg+xml;base64,${picture}">
<form class="what" method="post" data-quiet><input type="hidden" name="action" value="qr">
<input type="hidden" name="uuid" value="${login.uuid}">
<strong>${appName(login.app)}</strong>${stateOf(login, texts)}
<small>${texts.until} ${timeOf(login.expiresAt)}</small>
<div class="phone-actions"><select name="person" aria-label="${texts.as}">${options}</select>
<button class="button secondary" name="phone" value="scan">${texts.scan}</button>
<button class="button" name="phone" value="confirm">${texts.confirm}</button>
<button class="button secondary" name="phone" value="cancel">${texts.cancel}</button></div></form></li>`;
}

function stateOf({ status }: QrLogin, { states }: HomeTexts['qr']): Markup {
  if (status === QrStatus.scanned) return badge('good', states.scanned);
  return status === QrStatus.denied ? badge('bad', states.cancelled) : badge('waiting', states.waiting);
}
