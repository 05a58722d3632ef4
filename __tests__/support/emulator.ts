import { createEmulator, type Emulator } from '../../lib/emulator';

/** The WeChat of this test file, between the first of its tests and the last. */
export let emulator: Emulator;

export function useEmulator(): void {
  beforeAll(async () => {
    emulator = await createEmulator();
  });
  afterAll(() => emulator.close());
}
