#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { run } from './cli/run';

// The reader of a pipe, such as `head`, has ended: nobody sees further output, so the command ends without a
// message. Node ignores SIGPIPE; the exit status is that of a command that this signal ends.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(128 + 13);
  });

const stopped = new Promise<void>((resolve) => {
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
});

void run(process.argv.slice(2), {
  env: process.env,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  stopped,
  input: () => text(process.stdin),
  ...(process.stdout.isTTY && { screen: { columns: process.stdout.columns } }),
}).then(async (status) => {
  await Promise.all([written(process.stdout), written(process.stderr)]);
  // A name lookup that is under way, or an open standard input, would keep the process alive: neither can be
  // cancelled.
  process.exit(status);
});

/** Resolves when all earlier output is written, or when writing has failed. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
