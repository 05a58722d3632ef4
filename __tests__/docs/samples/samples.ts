/** Runs the samples of docs/testing.md inside a suite. */
import * as library from '../../../lib';
import * as emulatorLibrary from '../../../lib/emulator';
import { asFunction } from '../as-function';
import { blocksIn } from '../blocks';

export const PAGES = ['docs/testing.md', 'docs/zh-CN/testing.md'] as const;

export interface Samples {
  readonly app: string;
  readonly inJest: string;
  readonly inVitest: string;
  readonly inBrowser: string;
  readonly rest: readonly string[];
}

export function samplesOf(page: string): Samples {
  const [app = '', inJest = '', inVitest = '', inBrowser = '', ...rest] = blocksIn(page, 'ts');
  return { app, inJest, inVitest, inBrowser, rest };
}

/**
 * Runs an app and its tests inside the current describe(): their beforeAll, test and afterAll are those of Jest.
 *
 * @param packages what the tests import, apart from the packages of this repository
 */
export function runSamples(
  app: string,
  tests: string,
  packages: Readonly<Record<string, object>> = {},
): void {
  const modules: Record<string, object> = {
    ...packages,
    'express-wechat-auth': library,
    'express-wechat-auth/emulator': emulatorLibrary,
  };
  const load = (name: string): object => modules[name] ?? jest.requireActual<object>(name);
  const run = (code: string): object => {
    const exported = {};
    asFunction(code, ['require', 'exports'])(load, exported);
    return exported;
  };
  modules['./app.js'] = run(app);
  run(tests);
}
