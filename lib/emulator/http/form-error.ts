import { MAX_SHOWN, printable } from '../world/printable';

/** A posted form has a value that its page does not offer. The response has status 400. */
export class FormError extends Error {
  override readonly name = 'FormError';

  constructor(message: string) {
    super(printable(message));
  }
}

/**
 * The value of a form field.
 *
 * @throws FormError if the value is not one of the choices.
 */
export function oneOf(choices: readonly string[], field: string, value: string | undefined): string {
  if (value !== undefined && choices.includes(value)) return value;
  const given = value === undefined ? 'missing' : JSON.stringify(value.slice(0, MAX_SHOWN));
  throw new FormError(`The form field ${field} is ${given}. Send one of ${choices.join(', ')}.`);
}
