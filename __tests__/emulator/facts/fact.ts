import type { EmulatorOptions } from '../../../lib/emulator';
import type { EmulatorClient } from '../support/emulator-client';

/** One fact about WeChat that can be seen from outside, and how to see it. */
export interface Fact {
  /** Documented by WeChat, or observed. */
  readonly source: 'DOC' | 'OBS';
  readonly title: string;
  readonly options?: EmulatorOptions;
  readonly check: (client: EmulatorClient) => Promise<void>;
}
