// With credentials in the environment, the example uses the real WeChat; otherwise it starts an emulator.

/** @returns {Promise<{ options: import('express-wechat-auth').WechatAuthOptions, note: string }>} */
export async function chooseWechat() {
  if (process.env.WECHAT_APP_ID || process.env.WECHAT_WEBSITE_APP_ID) {
    // wechatAuth() itself reads WECHAT_APP_ID, WECHAT_APP_SECRET, WECHAT_BASE_URL and the other variables.
    return { options: {}, note: 'Using the real WeChat, with the credentials of the environment.' };
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
      // The emulator runs on this machine, so requests to it must not go through a proxy of the environment.
      http: { proxy: false },
    },
    note: [
      'No WECHAT_APP_ID in the environment: using an emulated WeChat, which needs no account and no internet.',
      `Its apps, users and switches: ${emulator.url}`,
    ].join('\n'),
  };
}
