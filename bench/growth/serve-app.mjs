// Serves an app with cookie-session, and with functions that the benchmark calls.
import http from 'node:http';
import { createRequire } from 'node:module';
import { serve, usage } from '../parts/child.mjs';
import { SESSION_KEY } from '../parts/session-key.mjs';
import '../logins/redirect-wechat.mjs';

const require = createRequire(import.meta.url);

/** @param mount mounts the app's middleware and routes; receives the app and its origin */
export function serveApp(mount, methods = {}) {
  const app = require('express')();
  app.use(require('cookie-session')({ name: 'session', keys: [SESSION_KEY] }));
  const server = http.createServer(app).listen(0, '127.0.0.1', () => {
    const origin = `http://127.0.0.1:${server.address().port}`;
    mount(app, origin);
    serve({ origin }, { ...usage, ...methods });
  });
}
