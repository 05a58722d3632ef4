/**
 * An authorization code that WeChat never issued. It has the form of a real one, so that WeChat refuses the
 * code and not its form.
 */
export const MADE_UP_CODE = '0d1Doctor0Doctor0Doctor0Doctor00';
