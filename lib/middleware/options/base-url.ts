/** The public address of the app, and its parts. */
import { addressFaults } from './callback-domain';
import { shown } from './options-error';

export interface Base {
  readonly origin: string;
  /** The path that a proxy strips, without a slash at its end; empty if there is none. */
  readonly path: string;
}

export function splitBase(baseURL: string): Base {
  const { origin, pathname } = new URL(baseURL);
  return { origin, path: pathname.replace(/\/$/, '') };
}

/**
 * The first fault of the public address, for a message that begins with the name of the option.
 *
 * @param usesRealPages whether WeChat's own pages check the callback domain; an emulator accepts more
 */
export function baseURLFault(address: string, usesRealPages: boolean): string | undefined {
  const fault = addressFaults(address, usesRealPages).find(({ isWarning }) => !isWarning);
  if (!fault) return undefined;
  const remedy = fault.remedy.map(({ en }) => en).join(' ');
  return `is ${shown(address)}, which ${fault.what.en}. ${remedy}`;
}
