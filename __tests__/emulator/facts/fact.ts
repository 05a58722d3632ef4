import type { EmulatorOptions } from '../../../lib/emulator';
import type { EmulatorClient } from '../support/emulator-client';

/** A fact about WeChat, and how a client can check it. */
export interface Fact {
  /** `DOC`: documented by WeChat; `OBS`: observed by its users. */
  readonly source: 'DOC' | 'OBS';
  readonly title: string;
  readonly options?: EmulatorOptions;
  readonly check: (client: EmulatorClient) => Promise<void>;
}
