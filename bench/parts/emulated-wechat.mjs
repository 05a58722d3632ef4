// The emulator over TLS, with people who log in one after the other.
import { createEmulator, selfSignedCertificate, WECHAT_HOSTS } from 'express-wechat-auth/emulator';

const USERS = 50;

export async function startEmulator(options = {}) {
  const { key, cert } = selfSignedCertificate(WECHAT_HOSTS);
  const users = Array.from({ length: USERS }, (_, at) => ({ id: `user${at}`, nickname: `用户${at}` }));
  const { url, apps, authorize, openid } = await createEmulator({ https: { key, cert }, users, ...options });
  return {
    port: Number(new URL(url).port),
    cert,
    apps,
    /** What the person with this number does at the login page. */
    async authorize(loginPage, number) {
      const user = `user${number % USERS}`;
      const appId = new URL(loginPage).searchParams.get('appid');
      return { callback: await authorize(loginPage, { user }), openid: openid(user, appId) };
    },
  };
}
