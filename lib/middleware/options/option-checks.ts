/** Finds all faults of the options at once, each with its path, its value and a remedy. */
import type * as optionSchema from './option-schema';
import { OptionsError, type OptionFault } from './options-error';
import { isOptionsObject, ownCopy } from './own-options';

/** Valibot is loaded when there are options to check. */
const faultsIn: typeof optionSchema.faultsIn = (schema, given) => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late, and synchronously
  return (require('./option-schema') as typeof optionSchema).faultsIn(schema, given);
};

/** The faults of single options. `resolveOptions` checks how they fit together. */
export function findFaults(options: unknown): OptionFault[] {
  return faultsIn('options', options);
}

/**
 * The faults of a result of the option `account`. The result may be a row of a database, so an unknown name
 * is a fault only if it looks like the misspelled name of an option that the result lacks.
 */
export function findAccountFaults(given: unknown): OptionFault[] {
  return faultsIn('account', given);
}

/** The faults of the options of `wechatRelay()`. */
export function findRelayFaults(options: unknown): OptionFault[] {
  return faultsIn('relay', options);
}

/**
 * @returns a copy of a guard's options.
 * @throws OptionsError that lists every fault of them.
 */
export function checkGuardOptions<Options extends object>(given: Options): Options {
  let options = given;
  const faults = readable(() => {
    if (isOptionsObject(given)) options = ownCopy(given);
    return faultsIn('guard', options);
  });
  if (faults.length > 0) throw new OptionsError(faults, 'requireWechatUser()');
  return options;
}

/** The faults that `find` returns. If a getter or a Proxy of the options throws, that is the one fault. */
export function readable(find: () => OptionFault[]): OptionFault[] {
  try {
    return find();
  } catch {
    return [{ path: '', message: 'throws when it is read. Give a plain object of options.' }];
  }
}
