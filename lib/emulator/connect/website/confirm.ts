import { oneOf } from '../../http/form-error';
import type { IncomingRequest } from '../../http/incoming-request';
import type { OutgoingResponse } from '../../http/outgoing-response';
import { consentPage } from '../../pages/consent-page';
import { languageOf } from '../../pages/language';
import { messagePage } from '../../pages/message-page';
import type { QrLogin } from '../../world/credentials/qr-logins';
import type { World } from '../../world/world';
import { personOf, pickedPerson, rememberPerson } from '../person';
import { issueWebsiteCode } from './callbacks';

/**
 * `/connect/confirm`: the page on the phone. Opening it is the scan; its buttons are 允许 and 拒绝, one of which
 * the switch `consent` may press.
 */
export function handleWebsiteConfirm(incoming: IncomingRequest, world: World): OutgoingResponse {
  const login = world.qrLogins.find(incoming.query['uuid']);
  if (!login?.isOpen) return outcomePage(incoming, 'expired');
  if (incoming.method === 'POST') {
    return pressButton(incoming, login, oneOf(REPLIES, 'reply', incoming.form['reply']), world);
  }
  if (incoming.method === 'GET') {
    login.scan();
    const { consent } = world.switches;
    if (consent !== 'ask') return pressButton(incoming, login, consent, world);
  }
  return consentPage({
    app: login.app,
    purpose: 'login',
    users: world.users.all,
    person: personOf(incoming, world),
    language: languageOf(incoming.headers['accept-language']),
  });
}

const REPLIES = ['allow', 'deny'];

function pressButton(
  incoming: IncomingRequest,
  login: QrLogin,
  reply: string,
  world: World,
): OutgoingResponse {
  if (reply === 'deny') {
    login.deny();
    return outcomePage(incoming, 'denied');
  }
  const person = pickedPerson(incoming, world);
  const isConfirmed = login.confirm(person, () => issueWebsiteCode(login, person, world));
  const page = outcomePage(incoming, isConfirmed ? 'allowed' : 'expired');
  return { ...page, headers: { ...page.headers, ...rememberPerson(person) } };
}

const OUTCOMES = {
  allowed: { icon: 'success', text: { zh: '登录成功', en: 'Logged in' } },
  denied: { icon: 'info', text: { zh: '你已取消此次登录', en: 'You cancelled this login' } },
  expired: { icon: 'warn', text: { zh: '二维码已过期', en: 'The QR code has expired' } },
} as const;

function outcomePage(incoming: IncomingRequest, outcome: keyof typeof OUTCOMES): OutgoingResponse {
  const language = languageOf(incoming.headers['accept-language']);
  const { icon, text } = OUTCOMES[outcome];
  return messagePage({ language, title: '微信', icon, text: text[language] });
}
