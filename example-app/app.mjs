// A small H5 site with “Log in with WeChat”: a public page, a guarded page, a guarded JSON route, and logout.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import cookieSession from 'cookie-session';
import express from 'express';
import { requireWechatUser, wechatAuth } from 'express-wechat-auth';
import { homePage, profilePage } from './pages.mjs';
import { chooseWechat } from './wechat.mjs';

const port = Number(process.env.PORT ?? 3000);
const wechat = await chooseWechat();
const app = express();

// The session is a signed cookie. Without SESSION_KEY, a restart logs all users out.
app.use(
  cookieSession({
    name: 'session',
    keys: [process.env.SESSION_KEY ?? randomBytes(32).toString('hex')],
    maxAge: 30 * 24 * 60 * 60 * 1000,
    sameSite: 'lax',
  }),
);

// Adds GET /login, GET /callback and POST /logout, and req.wechat to every request.
app.use(wechatAuth(wechat.options));

app.get('/', (req, res) => {
  res.send(homePage(req.wechat.user));
});

app.get('/me', requireWechatUser(), (req, res) => {
  res.send(profilePage(req.wechat.user));
});

app.get('/api/me', requireWechatUser(), (req, res) => {
  res.json(req.wechat.user);
});

// WeUI, WeChat's own style sheet, and the script of the home page.
app.use('/weui.css', express.static(createRequire(import.meta.url).resolve('weui/dist/style/weui.min.css')));
app.use('/assets', express.static(new URL('assets', import.meta.url).pathname));

const server = app.listen(port, (error) => {
  if (error) {
    console.error(
      `Port ${port} cannot be used (${error.message}). Choose another port: PORT=8080 npm run example`,
    );
    process.exit(1);
  }
  const address = server.address();
  console.log(wechat.note);
  console.log(`Open http://localhost:${typeof address === 'object' ? address?.port : port}`);
});
