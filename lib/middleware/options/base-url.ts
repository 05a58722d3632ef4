/** The public address of the app, and that of its relay. */
import { addressFaults, relayFaults, type AddressFault } from './callback-domain';
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
  return faultText(address, addressFaults(address, usesRealPages));
}

/** The same for the address of the relay. */
export function relayFault(address: string, usesRealPages: boolean): string | undefined {
  return faultText(address, relayFaults(address, usesRealPages));
}

/** The address of a relay in the form with which redirect URIs begin: without a slash at its end. */
export function relayAddress(relay: string): string {
  const { origin, path } = splitBase(relay);
  return origin + path;
}

function faultText(address: string, faults: readonly AddressFault[]): string | undefined {
  const fault = faults.find(({ isWarning }) => !isWarning);
  if (!fault) return undefined;
  const remedy = fault.remedy.map(({ en }) => en).join(' ');
  return `is ${shown(address)}, which ${fault.what.en}. ${remedy}`;
}
