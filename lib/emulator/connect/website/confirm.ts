import type { Answer } from '../../http/answer';
import type { Incoming } from '../../http/incoming';
import { consentPage } from '../../pages/consent-page';
import { languageOf } from '../../pages/language';
import { messagePage, type Message } from '../../pages/message-page';
import { QrStatus, type QrLogin } from '../../world/credentials/qr-logins';
import type { World } from '../../world/world';
import { personAt, personIn, rememberPerson } from '../person';
import { websiteCode } from './callbacks';

const outcomes = {
  allowed: { icon: 'success', text: { zh: '登录成功', en: 'Logged in' } },
  denied: { icon: 'info', text: { zh: '你已取消此次登录', en: 'You cancelled this login' } },
  expired: { icon: 'warn', text: { zh: '二维码已过期', en: 'The QR code has expired' } },
} as const;

function finish(incoming: Incoming, outcome: keyof typeof outcomes): Answer {
  const language = languageOf(incoming.headers['accept-language']);
  const { icon, text } = outcomes[outcome];
  const message: Message = { language, title: '微信', icon, text: text[language] };
  return messagePage(message);
}

const isOver = (login: QrLogin): boolean =>
  login.status === QrStatus.expired || login.status === QrStatus.confirmed;

function reply(incoming: Incoming, login: QrLogin, world: World): Answer {
  const person = personIn(incoming, world);
  if (incoming.form['reply'] !== 'allow') {
    login.deny();
    return finish(incoming, 'denied');
  }
  const confirmed = login.confirm(() => websiteCode(login, person, world));
  const page = finish(incoming, confirmed ? 'allowed' : 'expired');
  return { ...page, headers: { ...page.headers, ...rememberPerson(person) } };
}

/** `/connect/confirm`: what the phone shows. Opening it is the scan; its buttons are 允许 and 拒绝. */
export function confirm(incoming: Incoming, world: World): Answer {
  const login = world.qrLogins.find(incoming.query['uuid']);
  if (!login || isOver(login)) return finish(incoming, 'expired');
  if (incoming.method === 'POST') return reply(incoming, login, world);
  if (incoming.method === 'GET') login.scan();
  return consentPage({
    app: login.app,
    purpose: 'login',
    users: world.users.all,
    person: personAt(incoming, world),
    language: languageOf(incoming.headers['accept-language']),
  });
}
