import type { EmulatorOptions } from '../../../lib/emulator';
import type { EmulatorClient } from '../support/emulator-client';

/** A fact about WeChat, and a check that the emulator behaves so. */
export interface Fact {
  /** `DOC`: WeChat documents it. `OBS`: WeChat’s users have observed it. */
  readonly source: 'DOC' | 'OBS';
  readonly title: string;
  readonly options?: EmulatorOptions;
  readonly check: (client: EmulatorClient) => Promise<void>;
}
