import { createEmulator, type Emulator, type EmulatorOptions } from '../../lib/emulator';

/** The emulator that useEmulator() starts before the tests of this file, and closes after them. */
export let emulator: Emulator;

export function useEmulator(options?: EmulatorOptions): void {
  beforeAll(async () => {
    emulator = await createEmulator(options);
  });
  afterAll(() => emulator.close());
}
