import { parseArgs, type ParseArgsConfig } from 'node:util';
import { bilingual, isLanguage, type Bilingual } from './bilingual';
import { UsageError } from './terminal';

type Options = NonNullable<ParseArgsConfig['options']>;

type Values<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: false }>
>['values'];

/** @throws UsageError */
export function parseFlags<const T extends Options>(args: readonly string[], options: T): Values<T> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(textOf(error), { cause: error });
  }
}

/** @throws UsageError if `--lang` is given, and is not a language of this command. */
export function checkLanguage(lang: string | undefined): void {
  if (lang !== undefined && !isLanguage(lang)) throw new UsageError(TEXTS.lang(lang));
}

/** Node's own message repeats the argument, of which a part may be a secret. */
function textOf(error: unknown): Bilingual {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return TEXTS.noFlag;
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return TEXTS.unknown(unknownFlag(message));
  const flag = /--[a-z-]+/.exec(message)?.[0] ?? '-';
  return message.includes('does not take') ? TEXTS.takesNoValue(flag) : TEXTS.needsValue(flag);
}

/** The name of a flag, without what may be its value: `--app-secretdeadbeef` lacks a blank. */
function unknownFlag(message: string): string {
  const [, name = '-', rest = ''] = /(--?(?:[a-z-]*?(?:secret|token)|[a-z-]+))([^'\s]*)/i.exec(message) ?? [];
  return rest === '' ? name : `${name}…`;
}

const TEXTS = {
  lang: (lang: string) =>
    bilingual(
      `--lang is ${JSON.stringify(lang)}; it must be zh or en`,
      `--lang 的值是 ${JSON.stringify(lang)}；应为 zh 或 en`,
    ),
  noFlag: bilingual('An argument does not belong to any flag', '有一个参数不属于任何选项'),
  unknown: (flag: string) => bilingual(`Unknown option '${flag}'`, `未知选项 '${flag}'`),
  takesNoValue: (flag: string) => bilingual(`${flag} takes no value`, `${flag} 不带值`),
  needsValue: (flag: string) => bilingual(`${flag} needs a value`, `${flag} 需要一个值`),
};
