// Serves one of the apps of apps.mjs in its own process.
import http from 'node:http';
import { serve, usage } from '../parts/child.mjs';
import { APPS } from './apps.mjs';

const [name, appId, appSecret] = process.argv.slice(2);
let handle;
const server = http.createServer((req, res) => handle(req, res));
server.listen(0, '127.0.0.1', async () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  handle = await APPS[name].create({ appId, appSecret, origin });
  serve({ origin }, usage);
});
