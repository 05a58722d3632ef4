import { deviceCode, deviceOf } from '../../../lib/middleware/scan/tickets/device';
import { Tickets } from '../../../lib/middleware/scan/tickets/ticket';
import {
  ANDROID_WECHAT,
  DESKTOP_CHROME,
  IPHONE_WECHAT,
  PHONE_SAFARI,
} from '../../support/browsers/user-agents';

const ACCOUNT = { appId: 'wx0f1c1a10e0000001', appSecret: '0f1c1a10e0000001aaaaaaaaaaaaaaa1' };
const STATE = `0${'ab'.repeat(16)}`;
const MINUTE_MS = 60_000;

describe('a ticket', () => {
  const tickets = new Tickets(ACCOUNT, 'wechat');
  const issue = (lifetimeMs = 5 * MINUTE_MS) =>
    tickets.issue(STATE, DESKTOP_CHROME, 'snsapi_userinfo', lifetimeMs);

  it('says what it was issued with, and nothing of the state', () => {
    const ticket = issue();
    expect(tickets.read(ticket.text)).toEqual(ticket);
    expect(ticket.device).toEqual({ browser: 'Chrome', system: 'Windows' });
    expect(ticket.scope).toBe('snsapi_userinfo');
    expect(ticket.number).toMatch(/^[1-9]\d$/);
    expect(ticket.name).toBe(tickets.nameOf(STATE));
    const bytes = Buffer.from(ticket.text, 'base64url').toString('hex');
    expect(bytes).not.toContain('abababab');
  });

  it('is read by every process with the same AppSecret, and by no other app or session key', () => {
    const { text } = issue();
    expect(new Tickets(ACCOUNT, 'wechat').read(text)?.text).toBe(text);
    expect(new Tickets(ACCOUNT, 'staff').read(text)).toBeUndefined();
    expect(new Tickets({ ...ACCOUNT, appId: 'wx0f1c1a10e0000002' }, 'wechat').read(text)).toBeUndefined();
    expect(new Tickets({ ...ACCOUNT, appSecret: 'another' }, 'wechat').read(text)).toBeUndefined();
  });

  it('is refused if one bit of it is changed, or its form', () => {
    const { text } = issue();
    const bytes = Buffer.from(text, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(tickets.read(changed.toString('base64url'))).toBeUndefined();
    }
    for (const other of ['', text.slice(1), `${text}A`, `${text}=`, ` ${text}`, `${text}\n`, 'a'.repeat(52)])
      expect(tickets.read(other)).toBeUndefined();
  });

  it('is refused when its time is over', () => {
    const { text } = issue();
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5 * MINUTE_MS);
    expect(tickets.read(text)).toBeUndefined();
    now.mockRestore();
    expect(tickets.read(text)).toBeDefined();
  });

  it('has a form token for each phone', () => {
    const ticket = issue();
    expect(tickets.formToken(ticket, 'phone')).not.toBe(tickets.formToken(ticket, 'other phone'));
  });
});

describe('the device in a ticket', () => {
  it.each([
    [DESKTOP_CHROME, { browser: 'Chrome', system: 'Windows' }],
    [`${DESKTOP_CHROME} Edg/140.0.0.0`, { browser: 'Edge', system: 'Windows' }],
    [PHONE_SAFARI, { browser: 'Safari', system: 'iPhone' }],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0',
      { browser: 'Firefox', system: 'macOS' },
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      { browser: 'Chrome', system: 'Linux' },
    ],
    [ANDROID_WECHAT, { browser: 'Chrome', system: 'Android' }],
    [IPHONE_WECHAT, { browser: '', system: 'iPhone' }],
    ['', { browser: '', system: '' }],
    ['curl/8.0', { browser: '', system: '' }],
    ['x'.repeat(600) + DESKTOP_CHROME, { browser: '', system: '' }],
  ])('is read from the User-Agent %j', (userAgent, device) => {
    expect(deviceOf(deviceCode(userAgent))).toEqual(device);
  });

  it('has the same code in every release: a phone may read a ticket that another release issued', () => {
    const browsers = [
      '',
      'Edge',
      'Opera',
      'Firefox',
      'Samsung Internet',
      'QQ',
      'UC',
      'Quark',
      'Chrome',
      'Safari',
    ];
    const systems = ['', 'HarmonyOS', 'Android', 'iPhone', 'iPad', 'Windows', 'macOS', 'ChromeOS', 'Linux'];
    expect(browsers.map((_name, code) => deviceOf(code * 16).browser)).toEqual(browsers);
    expect(systems.map((_name, code) => deviceOf(code).system)).toEqual(systems);
    expect(deviceCode(`${DESKTOP_CHROME} Edg/140.0.0.0`)).toBe(16 + 5);
    expect(deviceCode('curl/8.0')).toBe(0);
  });

  it('is unknown if a later release has written its number', () => {
    expect(deviceOf(255)).toEqual({ browser: '', system: '' });
  });
});
