// A small H5 site with “Log in with WeChat”: a public page, a guarded page, a guarded JSON route, logout, and a
// scan login.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import cookieSession from 'cookie-session';
import express from 'express';
import { requireWechatUser, wechatAuth } from 'express-wechat-auth';
import { homePage, NOT_FOUND, notFoundPage, profilePage, scanPage } from './pages.mjs';
import { chooseWechat, emulatedPhone, onEmulatedPhone } from './wechat.mjs';

const port = Number(process.env.PORT ?? 3000);
const wechat = await chooseWechat();
const hasScanLogin = Boolean(wechat.options.scanLogin);
const app = express();

// With the emulator, a second host name of this app stands in for a phone.
if (wechat.isEmulated) app.use(emulatedPhone);

// The session is a signed cookie. Without SESSION_KEY, a restart logs all users out.
app.use(
  cookieSession({
    name: 'session',
    secret: process.env.SESSION_KEY ?? randomBytes(32).toString('hex'),
    maxAge: 30 * 24 * 60 * 60 * 1000,
    sameSite: 'lax',
  }),
);

// Adds GET /login, GET /callback, POST /logout and GET /scan, and req.wechat to every request.
app.use(wechatAuth(wechat.options));

app.get('/', (req, res) => {
  res.send(homePage(req.wechat.user, hasScanLogin));
});

app.get('/me', requireWechatUser(), (req, res) => {
  res.send(profilePage(req.wechat.user));
});

app.get('/api/me', requireWechatUser(), (req, res) => {
  res.json(req.wechat.user);
});

// A PC logs in with the official account alone. GET /login would do so, too, if there were no website app.
if (hasScanLogin)
  app.get('/scan-login', async (req, res) => {
    const login = await req.wechat.startScanLogin({ returnTo: '/me' });
    const isOnPhone = /iPhone|Android.*Mobile/.test(req.get('User-Agent') ?? '');
    res.send(scanPage(login, wechat.isEmulated ? onEmulatedPhone(login.url) : undefined, isOnPhone));
  });

// WeUI, WeChat's own style sheet, and the styles and scripts of this app.
app.use('/weui.css', express.static(createRequire(import.meta.url).resolve('weui/dist/style/weui.min.css')));
app.use('/assets', express.static(fileURLToPath(new URL('assets', import.meta.url))));

// Any other address: a page for a browser that opens it, JSON for a script. Scripts often accept anything.
app.use((req, res) => {
  const language = req.acceptsLanguages('zh', 'en') || 'zh';
  res.status(404).vary('Accept').vary('Accept-Language');
  if (req.accepts('json', 'html') === 'html') res.send(notFoundPage(language));
  else res.json({ error: 'not_found', message: NOT_FOUND[language].title });
});

const server = app.listen(port, (error) => {
  if (error) {
    console.error(
      `Port ${port} cannot be used (${error.message}). Choose another port: PORT=8080 npm run example`,
    );
    process.exit(1);
  }
  const address = server.address();
  console.log(wechat.note);
  const url = `http://localhost:${typeof address === 'object' ? address?.port : port}`;
  console.log(`Open ${url}\n请用浏览器打开 ${url}`);
});
