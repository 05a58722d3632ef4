import { readFileSync } from 'node:fs';
import type { EmulatorApp } from '../world/apps/apps';
import type { EmulatorUser } from '../world/people/users';
import type { EmulatorSwitches } from '../world/switches';
import { APP_SCHEMA, SWITCHES_SCHEMA, USER_SCHEMA } from './app-and-user';
import { problemsOf, type JsonSchema } from './json-schema';

/** The content of a configuration file: the apps, people and switches that an emulator starts with. */
export interface EmulatorConfig {
  /** The address of the JSON Schema, for editors. */
  readonly $schema?: string;
  /** As the option `apps` of `createEmulator()`. */
  readonly apps?: readonly EmulatorApp[];
  /** As the option `users` of `createEmulator()`. */
  readonly users?: readonly EmulatorUser[];
  /** As the option `switches` of `createEmulator()`. */
  readonly switches?: Partial<EmulatorSwitches>;
}

const CONFIG_FIELDS: Readonly<Record<keyof EmulatorConfig, JsonSchema>> = {
  $schema: { type: 'string', description: 'The address of this schema, for editors.' },
  apps: {
    type: 'array',
    items: APP_SCHEMA,
    description:
      'A list of { type, appId, appSecret, … }. A preset app takes the place of each kind that is missing.',
  },
  users: { type: 'array', items: USER_SCHEMA, minItems: 1, description: 'A list of { id, nickname, … }.' },
  switches: SWITCHES_SCHEMA,
};

/** The JSON Schema of a configuration file. The package publishes it as `emulator.schema.json`. */
export const CONFIG_SCHEMA: JsonSchema & { readonly $schema: string } = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Configuration of the WeChat emulator of express-wechat-auth',
  description: 'An object with apps, users and switches.',
  type: 'object',
  properties: CONFIG_FIELDS,
  additionalProperties: false,
};

/**
 * Reads a configuration: the path of a JSON file, or the JSON itself, which begins with `{`.
 *
 * @throws TypeError that names the file, and every wrong field with its value and a remedy.
 */
export function readEmulatorConfig(pathOrJSON: string): EmulatorConfig {
  // A list, or JSON in quotes that the shell kept, is not valid either. But as a path, it would be shown in
  // the error, with its secrets.
  const isJSON = /^\s*['"]?[{[]/.test(pathOrJSON);
  const source = isJSON ? 'The configuration' : pathOrJSON;
  const value = parse(isJSON ? pathOrJSON : readText(pathOrJSON), source);
  const problems = problemsOf(CONFIG_SCHEMA, value, '');
  if (problems.length > 0) throw new TypeError(`${source}: ${problems.join(' ')}`);
  return value as EmulatorConfig;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new TypeError(
      `${file} cannot be read (${code}). Give the path of a JSON file, or the JSON itself.`,
      {
        cause,
      },
    );
  }
}

function parse(text: string, source: string): unknown {
  try {
    // An editor may have put a byte order mark before the text.
    return JSON.parse(text.replace(/^\ufeff/, '')) as unknown;
  } catch (cause) {
    // Node's message may repeat the text, which may hold secrets: only the position is taken from it.
    const [position = ''] = /line \d+ column \d+|position \d+/.exec((cause as Error).message) ?? [];
    // eslint-disable-next-line preserve-caught-error -- the cause repeats the text, too
    throw new TypeError(`${source} is not JSON${position && ` (${position})`}. Correct it.`);
  }
}
