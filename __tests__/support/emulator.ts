import { createEmulator, type Emulator, type EmulatorOptions } from '../../lib/emulator';

/** The emulator of this test file, from before its first test until after its last. */
export let emulator: Emulator;

export function useEmulator(options?: EmulatorOptions): void {
  beforeAll(async () => {
    emulator = await createEmulator(options);
  });
  afterAll(() => emulator.close());
}
