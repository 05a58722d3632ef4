'use strict';
// Changes the built package while a process loads it, so that a test can take one rule away and play the
// attacks.
const { Module } = require('node:module');

const { edits = [] } = JSON.parse(process.env.TEST_PROCESS);
const { _compile: compile } = Module.prototype;

Module.prototype._compile = function (source, file, ...rest) {
  let edited = source;
  for (const { file: name, code, instead } of edits)
    if (file.endsWith(`/dist/${name}`)) edited = edited.replace(code, () => instead);
  return compile.call(this, edited, file, ...rest);
};
