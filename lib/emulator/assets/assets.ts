import { css, script, svg, type OutgoingResponse } from '../http/outgoing-response';
import { HOME_STYLE } from './home-style';
import { HOME_SCRIPT } from './home-script';
import { QR_SCRIPT } from './qr-script';
import { STYLE } from './style';
import { TWO_CALLBACKS_SCRIPT } from './two-callbacks-script';
import { WX_LOGIN_SCRIPT } from './wx-login-script';

export function findAsset(path: string): OutgoingResponse | undefined {
  return FILES.get(path);
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#07c160"/>' +
  '<path d="M8 17l5 5 11-12" fill="none" stroke="#fff" stroke-width="4"/></svg>';

const FILES = new Map<string, OutgoingResponse>([
  ['/emulator/style.css', css(STYLE + HOME_STYLE)],
  ['/emulator/icon.svg', svg(ICON)],
  ['/emulator/qr.js', script(QR_SCRIPT)],
  ['/emulator/home.js', script(HOME_SCRIPT)],
  ['/emulator/two-callbacks.js', script(TWO_CALLBACKS_SCRIPT)],
  // WeChat serves the script at both paths of res.wx.qq.com, and sites use both.
  ['/connect/zh_CN/htmledition/js/wxLogin.js', script(WX_LOGIN_SCRIPT)],
  ['/connect/en_US/htmledition/js/wxLogin.js', script(WX_LOGIN_SCRIPT)],
]);
