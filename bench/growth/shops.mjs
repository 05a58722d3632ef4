// The accounts of an app that serves many shops. The emulator knows all of them.
const SHOPS = 1_000;

export const shops = Array.from({ length: SHOPS }, (_, at) => ({
  appId: `wx${at.toString(16).padStart(16, '0')}`,
  appSecret: at.toString(16).padStart(32, '0'),
}));
