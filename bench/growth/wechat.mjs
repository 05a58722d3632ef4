// Runs the emulator over TLS in its own process, with the accounts of all shops.
import { serve } from '../parts/child.mjs';
import { startEmulator } from '../parts/emulated-wechat.mjs';
import { shops } from './shops.mjs';

const apps = shops.map((shop) => ({ type: 'official', ...shop }));
const { port, cert, authorize } = await startEmulator({ apps });
serve({ port, cert }, { authorize });
