/**
 * Files such as `.env`, read as `node --env-file` reads them. Node 20 also looks at an `--env-file` after the
 * name of the script: if there is no such file, it ends the process with its own error.
 */
import { readFileSync } from 'node:fs';
import * as util from 'node:util';
import { bilingual } from './bilingual';
import { UsageError } from './terminal';

/**
 * The variables of all files. A later file takes precedence.
 *
 * @throws UsageError
 */
export function readEnvFiles(files: readonly string[]): Record<string, string | undefined> {
  return Object.assign({}, ...files.map(readEnvFile)) as Record<string, string | undefined>;
}

function readEnvFile(file: string): Record<string, string | undefined> {
  // Node has `parseEnv` since 20.12.
  const { parseEnv } = util as Partial<typeof util>;
  if (!parseEnv) throw new UsageError(TEXTS.oldNode);
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(TEXTS.unreadable(file, (cause as NodeJS.ErrnoException).code ?? ''), { cause });
  }
  // Some Windows editors begin a file with a byte order mark, which would become part of the first name.
  return parseEnv(content.replace(/^\ufeff/, ''));
}

const TEXTS = {
  oldNode: bilingual(
    `--env-file needs Node 20.12 or later, and this is ${process.version}: pass the variables in the environment`,
    `--env-file 需要 Node 20.12 或更高版本，当前为 ${process.version}：请直接设置环境变量`,
  ),
  unreadable: (file: string, code: string) =>
    bilingual(
      `--env-file is ${JSON.stringify(file)}, which cannot be read (${code})`,
      `--env-file 的值是 ${JSON.stringify(file)}，无法读取（${code}）`,
    ),
};
