import { script, svg, type Answer } from '../http/answer';
import { qrScript } from './qr-script';
import { style } from './style';
import { twiceScript } from './twice-script';
import { wxLoginScript } from './wx-login-script';

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#07c160"/>' +
  '<path d="M8 17l5 5 11-12" fill="none" stroke="#fff" stroke-width="4"/></svg>';

const css = (body: string): Answer => ({
  status: 200,
  headers: { 'Content-Type': 'text/css; charset=UTF-8', 'Cache-Control': 'no-cache' },
  body,
});

const files = new Map<string, Answer>([
  ['/emulator/style.css', css(style)],
  ['/emulator/icon.svg', svg(icon)],
  ['/emulator/qr.js', script(qrScript)],
  ['/emulator/twice.js', script(twiceScript)],
  // Where res.wx.qq.com has it, in both spellings that sites use.
  ['/connect/zh_CN/htmledition/js/wxLogin.js', script(wxLoginScript)],
  ['/connect/en_US/htmledition/js/wxLogin.js', script(wxLoginScript)],
]);

export const asset = (path: string): Answer | undefined => files.get(path);
