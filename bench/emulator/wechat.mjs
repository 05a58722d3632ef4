// Runs the emulator over plain http in its own process.
import { createEmulator } from 'express-wechat-auth/emulator';
import { serve, usage } from '../parts/child.mjs';

const wechat = await createEmulator();
serve({ url: wechat.url, app: wechat.apps.official }, usage);
