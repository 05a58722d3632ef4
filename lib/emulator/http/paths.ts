/**
 * The paths of WeChat's login pages, and of the control API. WeChat's APIs are listed in `sns/sns-routes.ts`.
 */
export const PATHS = {
  /** 网页授权: the authorize page of an official account. */
  authorize: '/connect/oauth2/authorize',
  /** 网站应用扫码登录: the QR code page of a website app. */
  qrconnect: '/connect/qrconnect',
  /** The long poll of the QR code page. */
  poll: '/connect/l/qrconnect',
  /** The page that a phone opens when it scans a QR code. */
  confirm: '/connect/confirm',
  /** The folder of the QR codes' images, one for each uuid. */
  qrImages: '/connect/qrcode/',
  /** The folder of the control API. WeChat has no such path. */
  control: '/_emulator/',
} as const;
