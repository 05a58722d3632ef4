// With credentials in the environment, the example uses them, at WeChat or at the address in WECHAT_OPEN_URL;
// otherwise it starts an emulator.

/**
 * @returns {Promise<{
 *   options: import('express-wechat-auth').WechatAuthOptions,
 *   isEmulated: boolean,
 *   note: string,
 * }>}
 */
export async function chooseWechat() {
  if (process.env.WECHAT_APP_ID || process.env.WECHAT_WEBSITE_APP_ID) {
    const ownAddress = process.env.WECHAT_OPEN_URL || process.env.WECHAT_API_URL;
    // wechatAuth() itself reads WECHAT_APP_ID, WECHAT_APP_SECRET, WECHAT_BASE_URL and the other variables.
    return {
      // A scan login needs the official account.
      options: { scanLogin: Boolean(process.env.WECHAT_APP_ID) },
      isEmulated: false,
      note: ownAddress
        ? `Using the WeChat at ${ownAddress}, with the credentials of the environment. 使用 ${ownAddress}。`
        : 'Using the real WeChat, with the credentials of the environment. 使用真实的微信。',
    };
  }
  const { createEmulator } = await import('express-wechat-auth/emulator');
  const emulator = await createEmulator();
  const { official, website } = emulator.apps;
  return {
    options: {
      appId: official.appId,
      appSecret: official.appSecret,
      website: { appId: website.appId, appSecret: website.appSecret },
      scanLogin: true,
      endpoints: emulator.endpoints,
    },
    isEmulated: true,
    note: [
      'No WECHAT_APP_ID in the environment: using an emulated WeChat, which needs no account and no internet.',
      `Its apps, users and switches: ${emulator.url}`,
      `没有设置 WECHAT_APP_ID，因此使用模拟的微信，不需要账号和外网。模拟器首页：${emulator.url}`,
    ].join('\n'),
  };
}

const PHONE_HOST = '127.0.0.1';

/**
 * The same browser plays PC and phone: under localhost it is the PC, under 127.0.0.1 a phone with WeChat. The
 * two names have different cookies, as two devices do.
 *
 * @param {import('express').Request} req
 * @param {import('express').Response} _res
 * @param {import('express').NextFunction} next
 */
export function emulatedPhone(req, _res, next) {
  if (req.hostname === PHONE_HOST) req.headers['user-agent'] = 'iPhone MicroMessenger (the emulated phone)';
  next();
}

/** @param {string} address */
export function onEmulatedPhone(address) {
  const url = new URL(address);
  url.hostname = PHONE_HOST;
  return url.href;
}
