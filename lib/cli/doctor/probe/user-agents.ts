/**
 * The User-Agents of the doctor's requests: an app and WeChat treat them as they treat a person's browser.
 */
export const WECHAT_CLIENT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Mobile/15E148 MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI Language/zh_CN express-wechat-auth-doctor';
export const DESKTOP_CLIENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  'Chrome/140.0.0.0 Safari/537.36 express-wechat-auth-doctor';
