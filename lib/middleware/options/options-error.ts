/** How a fault of the options is told. */
import { inspect } from 'node:util';
import { WechatAuthError } from '../../errors';
import { printable } from '../../printable';

/** One thing that is wrong with the options. */
export interface OptionFault {
  /** Such as `website.appSecret`; empty for the argument itself. */
  readonly path: string;
  /** What is wrong, with the value, then what to do. */
  readonly message: string;
}

/** Kind `config`: all that is wrong with the options, in one error. */
export class OptionsError extends WechatAuthError {
  /** Each of them, in the order of the options. */
  readonly faults: readonly OptionFault[];

  constructor(faults: readonly OptionFault[], whose = 'wechatAuth()') {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
    super(
      'config',
      [
        `${whose} has ${count} in its options:`,
        ...faults.map(({ path, message }) => `  - ${printable(path) || 'The argument'} ${message}`),
      ].join('\n'),
    );
    this.faults = faults;
  }
}

/**
 * A value as a message may show it. What is in an object stays out, and so do passwords in addresses and what looks like an
 * AppSecret: messages end up in logs.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return inspect(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}

function quoted(text: string): string {
  const safe = text
    .replace(/\/\/[^/?#]*@/g, '//***@')
    .replace(/(?<![\da-f])[\da-f]{32}(?![\da-f])/gi, '***')
    .slice(0, 80);
  return printable(inspect(safe, { breakLength: Infinity })) + (text.length > 80 ? '…' : '');
}
