import { createEmulator, type Emulator, type EmulatorOptions } from '../../lib/emulator';

/** The emulator of this test file, if the file calls useEmulator(): it runs while the tests run. */
export let emulator: Emulator;

export function useEmulator(options?: EmulatorOptions): void {
  beforeAll(async () => {
    emulator = await createEmulator(options);
  });
  afterAll(() => emulator.close());
}
