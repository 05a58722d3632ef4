// Runs the emulator over TLS in its own process, with the accounts of all shops.
import { createEmulator, selfSignedCertificate } from 'express-wechat-auth/emulator';
import { serve } from '../parts/child.mjs';
import { shops } from './shops.mjs';

const USERS = 50;

const pair = selfSignedCertificate(['open.weixin.qq.com', 'api.weixin.qq.com']);
const users = Array.from({ length: USERS }, (_, at) => ({ id: `user${at}`, nickname: `用户${at}` }));
const apps = shops.map((shop) => ({ type: 'official', ...shop }));
const wechat = await createEmulator({ https: pair, users, apps });

serve(
  { port: Number(new URL(wechat.url).port), cert: pair.cert },
  {
    authorize: async (url, user) => ({
      callback: await wechat.authorize(url, { user: `user${user % USERS}` }),
      openid: wechat.openid(`user${user % USERS}`, new URL(url).searchParams.get('appid')),
    }),
  },
);
