'use strict';
// A process of the app that is attacked. For each attacked app, it loads the built package again, and changes its
// code while it loads, so that a test can take one rule away and play the attacks. Everything else stays loaded.
const { Module } = require('node:module');
const path = require('node:path');
const { serveApp } = require('../../support/processes/serve-app');

const DIST = path.dirname(require.resolve('../../../dist/index.js')) + path.sep;
const { _compile: compile } = Module.prototype;
let edits = [];
let close = async () => undefined;

Module.prototype._compile = function (source, file, ...rest) {
  let edited = source;
  for (const { file: name, code, instead } of edits)
    if (file.endsWith(`/dist/${name}`)) edited = edited.replace(code, () => instead);
  return compile.call(this, edited, file, ...rest);
};

process.on('message', async ({ serve }) => {
  await close();
  close = async () => undefined;
  for (const file of Object.keys(require.cache)) if (file.startsWith(DIST)) delete require.cache[file];
  if (serve === null) return process.send({ closed: true });
  edits = serve.edits;
  const app = await serveApp(serve, () => undefined);
  close = app.close;
  return process.send({ port: app.port });
});
process.send('ready');
