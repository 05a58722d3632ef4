import type { Services } from '../operations/operation';
import type { Language } from '../pages/language';
import type { EmulatorUser } from '../world/people/users';

export interface HomeView {
  readonly services: Services;
  readonly person: EmulatorUser;
  /** The emulator's origin as the browser addressed it, for the environment of an app. */
  readonly origin: string;
  readonly language: Language;
}
