import type { EmulatorOptions } from '../../../lib/emulator';
import type { Lab } from '../support/lab';

/** One fact about WeChat that can be seen from outside, and how to see it. */
export interface Fact {
  /** Documented by WeChat, or observed. */
  readonly mark: 'DOC' | 'OBS';
  readonly says: string;
  readonly options?: EmulatorOptions;
  readonly check: (lab: Lab) => Promise<void>;
}
