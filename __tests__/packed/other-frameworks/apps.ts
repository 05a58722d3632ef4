// Small apps on other frameworks, sessions, runtimes and bundlers. Each guards /me, whose response is
// WeChat's user, and prints its address.
import { blocksOf, fileOf } from '../../docs/blocks';

/** The packages of these tests. They are installed from npm's registry into a folder of their own. */
export const PACKAGES: Readonly<Record<string, string>> = {
  '@fastify/middie': '9.3.6',
  '@opentelemetry/api': '1.10.0',
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
  'prom-client': '15.1.3',
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

/** File → code, of the modules whose first line on a page names their file. */
function modulesOf(page: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    blocksOf(page).flatMap((block) => {
      const file = fileOf(block);
      return file?.endsWith('.mjs') ? [[file, block.code]] : [];
    }),
  );
}

/** The apps of the guide: each is started as the page prints it. */
export const APPS = modulesOf('docs/guides/other-frameworks.md');

/** The code that measures an app. */
export const METRICS = modulesOf('docs/observability.md');

/** An app with that code: /metrics responds with what Prometheus reads. */
export const MEASURED = `
import './opentelemetry.mjs';
import './prometheus.mjs';
import cookieSession from 'cookie-session';
import express from 'express';
import { requireWechatUser, wechatAuth } from 'express-wechat-auth';
import { register } from 'prom-client';
const app = express();
app.use(cookieSession({ name: 'session', keys: ['a key'] }), wechatAuth());
app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
app.get('/metrics', async (req, res) => res.end(await register.metrics()));
app.listen(3000);
`;

/**
 * Loaded before an app of the guide, whose port may be in use here. The app then listens on a free port, and
 * prints it.
 */
export const ANY_PORT = `
const { Server } = require('node:net');
const { listen } = Server.prototype;
Server.prototype.listen = function (_port, ...rest) {
  this.once('listening', () => console.log('Listening at http://127.0.0.1:' + this.address().port));
  return listen.call(this, 0, '127.0.0.1', ...rest.filter((each) => typeof each === 'function'));
};
`;

/**
 * Connects to the Socket.IO of an app with a cookie, and prints the user that the socket gets, or the error.
 */
export const SOCKET_CLIENT = `
const [url, cookie] = process.argv.slice(1);
const client = require('socket.io-client').connect(url, { extraHeaders: { cookie }, reconnection: false });
const print = (text) => (client.close(), console.log(text));
client.once('user', (user) => print(user.nickname));
client.once('connect_error', (error) => print('refused: ' + error.message));
`;

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
