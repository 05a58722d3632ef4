// Small apps on other frameworks, sessions, runtimes and bundlers. Each guards /me, whose response is WeChat's
// user, and prints its address. The guide docs/guides/other-frameworks.md shows the same code.

/** The packages of these tests. They are installed from npm's registry into a folder of their own. */
export const PACKAGES: Readonly<Record<string, string>> = {
  '@fastify/middie': '9.3.6',
  '@rollup/plugin-commonjs': '29.0.3',
  '@rollup/plugin-json': '6.1.0',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@yarnpkg/cli-dist': '4.18.1',
  bun: '1.4.5',
  'cookie-session': '2.1.1',
  deno: '2.9.6',
  esbuild: '0.28.2',
  express: '5.3.0',
  fastify: '5.12.8',
  'iron-session': '8.0.4',
  koa: '3.3.0',
  'koa-connect': '2.1.1',
  pnpm: '10.34.9',
  polka: '0.5.2',
  rollup: '4.68.8',
  'socket.io': '4.8.4',
  'socket.io-client': '4.8.4',
  webpack: '5.113.0',
};

const COMMON = `
const cookieSession = require('cookie-session');
const { requireWechatUser, wechatAuth } = require('express-wechat-auth');
const session = () => cookieSession({ name: 'session', keys: ['a key'] });
const listening = (server) =>
  server.once('listening', () => console.log('Listening at http://127.0.0.1:' + server.address().port));
`;

export const EXPRESS = `${COMMON}
const app = require('express')();
app.use(session(), wechatAuth());
app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
listening(app.listen(0, '127.0.0.1'));
`;

/** By file name: each is started as it is. */
export const APPS: Readonly<Record<string, string>> = {
  'koa.js': `${COMMON}
const connect = require('koa-connect');
const app = new (require('koa'))();
app.use(connect(session())).use(connect(wechatAuth()));
app.use((ctx, next) => (ctx.path === '/me' ? connect(requireWechatUser())(ctx, next) : next()));
app.use((ctx) => { ctx.body = ctx.req.wechat.user; });
listening(app.listen(0, '127.0.0.1'));
`,
  'fastify.js': `${COMMON}
(async () => {
  const app = require('fastify')();
  await app.register(require('@fastify/middie'));
  app.use(session()).use(wechatAuth()).use('/me', requireWechatUser());
  app.get('/me', async (request) => request.raw.wechat.user);
  console.log('Listening at ' + (await app.listen({ port: 0, host: '127.0.0.1' })));
})();
`,
  'polka.js': `${COMMON}
const app = require('polka')().use(session(), wechatAuth());
app.get('/me', requireWechatUser(), (req, res) => res.end(JSON.stringify(req.wechat.user)));
listening(app.listen(0, '127.0.0.1').server);
`,
  'iron-session.js': `${COMMON}
const { getIronSession } = require('iron-session');
const app = require('express')();
const options = { cookieName: 'session', password: 'x'.repeat(32), cookieOptions: { secure: false } };
app.use(async (req, res, next) => {
  req.session = await getIronSession(req, res, options);
  next();
});
app.use(wechatAuth());
app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
listening(app.listen(0, '127.0.0.1'));
`,
  // /me connects a socket with the cookie of the request, and responds with the user that the socket has.
  'socket.io.js': `${COMMON}
const app = require('express')();
const [sessions, auth] = [session(), wechatAuth()];
app.use(sessions, auth);
const server = require('node:http').createServer(app);
const io = new (require('socket.io').Server)(server);
for (const middleware of [sessions, auth, requireWechatUser({ mode: 'reject' })]) io.engine.use(middleware);
io.on('connection', (socket) => socket.emit('user', socket.request.wechat.user));
app.get('/me', requireWechatUser(), (req, res) => {
  const { connect } = require('socket.io-client');
  const extraHeaders = { cookie: req.headers.cookie };
  const client = connect('http://127.0.0.1:' + server.address().port, { extraHeaders });
  client.once('user', (user) => (client.close(), res.json(user)));
  client.once('connect_error', (error) => (client.close(), res.status(500).end(String(error))));
});
listening(server.listen(0, '127.0.0.1'));
`,
};

/** Bundles express.js to bundled.js by the bundler that the script names. */
export const BUNDLERS: Readonly<Record<string, string>> = {
  esbuild: `require('esbuild').buildSync({
  entryPoints: ['express.js'], outfile: 'bundled.js', bundle: true, platform: 'node', logLevel: 'error',
});`,
  // 'production' would set NODE_ENV, and an emulator is refused in production.
  webpack: `require('webpack')({
  mode: 'none', target: 'node', entry: './express.js', output: { path: process.cwd(), filename: 'bundled.js' },
}, (error, stats) => { if (error || stats.hasErrors()) throw error ?? new Error(stats.toString()); });`,
  rollup: `require('rollup').rollup({
  input: 'express.js',
  onwarn: () => undefined,
  plugins: [
    require('@rollup/plugin-node-resolve')({ preferBuiltins: true, exportConditions: ['node'] }),
    require('@rollup/plugin-commonjs')({ ignoreDynamicRequires: true }),
    require('@rollup/plugin-json')(),
  ],
}).then((bundle) => bundle.write({ file: 'bundled.js', format: 'cjs' }));`,
};
