#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { run } from './cli/run';

const stopped = new Promise<void>((resolve) => {
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
});

void run(process.argv.slice(2), {
  env: process.env,
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  stopped,
  input: () => text(process.stdin),
  ...(process.stdout.isTTY && { screen: { columns: process.stdout.columns } }),
}).then((status) => {
  process.exitCode = status;
});
