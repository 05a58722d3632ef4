// Which WeChat the example talks to: the real one where the environment has credentials, else an emulated one.

/** @returns {Promise<{ options: import('express-wechat-auth').WechatAuthOptions, note: string }>} */
export async function chooseWechat() {
  if (process.env.WECHAT_APP_ID || process.env.WECHAT_WEBSITE_APP_ID) {
    // wechatAuth() reads WECHAT_APP_ID, WECHAT_APP_SECRET, WECHAT_BASE_URL and their kin by itself.
    return { options: {}, note: 'Talking to WeChat itself, with the credentials of the environment.' };
  }
  const { createEmulator } = await import('express-wechat-auth/emulator');
  const emulator = await createEmulator();
  const { official, website } = emulator.apps;
  return {
    options: {
      appId: official.appId,
      appSecret: official.appSecret,
      website: { appId: website.appId, appSecret: website.appSecret },
      endpoints: emulator.endpoints,
      // The emulator is on this machine: no proxy of the environment leads to it.
      http: { proxy: false },
    },
    note: [
      'No WECHAT_APP_ID in the environment: this is an emulated WeChat, without account and internet.',
      `Its apps, users and switches: ${emulator.url}`,
    ].join('\n'),
  };
}
