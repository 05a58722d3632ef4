'use strict';
// Starts the example app for the tests, and for the script that makes the pictures of the READMEs.
const { spawn } = require('node:child_process');

const SCRIPT = require.resolve('../../../example-app/app.mjs');

/** @type {import('./example-app').startExample} */
async function startExample(environment = {}, script = SCRIPT) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('WECHAT_'));
  const child = spawn(process.execPath, [script], {
    env: { ...Object.fromEntries(own), PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let output = '';
  const url = await new Promise((resolve, reject) => {
    void ended.then((code) => reject(new Error(`the example app ended with ${code}: ${output}`)));
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const [, address] = /^Open (http\S+)$/m.exec(output) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  const stop = async () => {
    child.kill();
    await ended;
  };
  return { url, output, stop };
}

module.exports = { startExample };
