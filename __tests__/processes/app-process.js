'use strict';
// One of several processes that serve the same app.
const { serveApp } = require('../support/processes/serve-app');

async function main() {
  process.on('message', ({ skewMs }) => {
    const { now } = Date;
    Date.now = () => now() + skewMs;
    process.send({ skewMs });
  });
  const { port } = await serveApp(
    JSON.parse(process.env.TEST_PROCESS),
    () => void process.send({ login: process.pid }),
  );
  process.send({ port });
}

void main();
