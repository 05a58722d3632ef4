// Runs the emulator over TLS in its own process, behind a TCP proxy that delays every byte by a given time.
import net from 'node:net';
import { serve } from '../parts/child.mjs';
import { startEmulator } from '../parts/emulated-wechat.mjs';

const { port, cert, apps, authorize } = await startEmulator();

/** The round-trip time, in ms. */
let roundTrip = 0;
let opened = 0;

const proxy = net.createServer({ noDelay: true }, (client) => {
  opened++;
  // The TCP handshake takes one round trip before the first byte can be sent.
  later(roundTrip, () => {
    const server = net.connect({ port, noDelay: true });
    forward(client, server);
    forward(server, client);
  });
});
proxy.listen(0, '127.0.0.1', () => {
  serve(
    { port: proxy.address().port, cert, apps },
    {
      delay: (ms) => (roundTrip = ms),
      /** How many connections were opened since the last call. */
      connections: () => {
        const count = opened;
        opened = 0;
        return count;
      },
      authorize,
    },
  );
});

function forward(from, to) {
  from.on('data', (chunk) => later(roundTrip / 2, () => to.writable && to.write(chunk)));
  from.on('end', () => later(roundTrip / 2, () => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => later(roundTrip / 2, () => to.destroy()));
}

function later(ms, work) {
  if (ms > 0) setTimeout(work, ms);
  else work();
}
