/** The error that lists every fault of the options, and how it shows their values. */
import { IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import { helpLines, WechatAuthError } from '../../errors';
import { printable } from '../../printable';
import { maskUserInfo } from '../../redact';

/** One fault of the options. */
export interface OptionFault {
  /** The option, such as `website.appSecret`. Empty if the argument itself is wrong. */
  readonly path: string;
  /** The fault with the value, then the remedy. The text continues a sentence that begins with the path. */
  readonly message: string;
}

/** What a line of the message begins with if it is about a fault. */
const ITEM = '  - ';

/** How the fault of an app without any account begins. */
export const NO_ACCOUNT = 'is missing, and so is website';

/**
 * Kind `config`: the options of `wechatAuth()`, `requireWechatUser()` or `wechatRelay()` have faults, or the
 * credentials that the option `account` returned for a request.
 */
export class OptionsError extends WechatAuthError {
  /** Every fault. */
  readonly faults: readonly OptionFault[];

  constructor(faults: readonly OptionFault[], whose = 'wechatAuth()', what = 'The argument') {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
    const where = what === 'The argument' ? ' in its options' : '';
    super(
      'config',
      [
        `${whose} has ${count}${where}:`,
        ...faults.map(({ path, message }) => `${ITEM}${printable(path) || what} ${message}`),
      ].join('\n') +
        // The faults are in English only: a Chinese sentence for each of them would be a second set of texts.
        helpLines(...pagesAbout(faults)),
    );
    this.faults = faults;
  }
}

/** The faults in one line of a log, without the pages that explain them. */
export function inOneLine({ message }: OptionsError): string {
  const [first = '', ...lines] = message.split('\n');
  const faults = lines.flatMap((line) => (line.startsWith(ITEM) ? line.slice(ITEM.length) : []));
  return `${first} ${faults.join('; ')}`;
}

/** Newcomers meet the fault of an app without any account first, so it has an entry of its own. */
function pagesAbout(faults: readonly OptionFault[]): string[] {
  const others = faults.filter(({ message }) => !message.startsWith(NO_ACCOUNT));
  return [
    ...(others.length < faults.length
      ? ['guides/troubleshooting.md#appid-is-missing-and-so-is-website']
      : []),
    ...(others.length > 0 ? ['options.md'] : []),
  ];
}

/**
 * Refuses `app.use(wechatAuth)`: then frameworks call the function with each request in the place of options.
 *
 * @param mount what the app should mount, with an example
 * @throws WechatAuthError of kind `config` if the options are a request.
 */
export function refuseMountedFactory(options: object, name: string, mount: string): void {
  if (!isRequest(options)) return;
  throw new WechatAuthError('config', `${name} itself was mounted. Mount the ${mount}.`);
}

function isRequest(options: object): boolean {
  try {
    return options instanceof IncomingMessage;
  } catch {
    // A Proxy may throw. The checks of the options report it.
    return false;
  }
}

/** The text for a value in an error message. */
export function shown(value: unknown): string {
  // Messages end up in logs, so this leaves out the content of objects, passwords in addresses, and every
  // text that looks like an AppSecret.
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return inspect(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}

function quoted(text: string): string {
  const safe = maskUserInfo(text)
    .replace(/(?<![\da-f])[\da-f]{32}(?![\da-f])/gi, '***')
    .slice(0, 80);
  return printable(inspect(safe, { breakLength: Infinity })) + (text.length > 80 ? '…' : '');
}
