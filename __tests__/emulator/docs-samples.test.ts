// The samples of the emulator’s page of the documentation run unchanged.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import * as library from '../../lib';
import * as emulator from '../../lib/emulator';

const ENTRIES: Readonly<Record<string, unknown>> = {
  'express-wechat-auth': library,
  'express-wechat-auth/emulator': emulator,
};
function requireSample(name: string): unknown {
  return ENTRIES[name] ?? jest.requireActual<object>(name);
}

function samplesOf(file: string): string[] {
  return [
    ...readFileSync(path.resolve(__dirname, '../..', file), 'utf8').matchAll(/^```ts\n(.*?)^```/gms),
  ].map((match) => match[1] ?? '');
}

/** Compiles a sample into a function whose parameters are the names that the sample does not declare. */
function compile(sample: string, keyword: 'function' | 'async function', given: readonly string[]) {
  const { outputText } = ts.transpileModule(sample, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
    },
  });
  const parameters = ['require', 'exports', ...given].join(', ');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the documentation is part of this repository
  const make = new Function(`return ${keyword} (${parameters}) {\n${outputText}\n};`) as () => (
    ...values: unknown[]
  ) => unknown;
  return (values: Readonly<Record<string, unknown>> = {}): unknown =>
    make()(requireSample, {}, ...given.map((name) => values[name]));
}

describe.each(['docs/emulator.md', 'docs/zh-CN/emulator.md'])('%s', (file) => {
  const [inTests = '', faults = '', overTLS = '', ...notRun] = samplesOf(file);

  it('has only the samples that are run here', () => expect(notRun).toEqual([]));

  // The sample calls beforeAll, test and afterAll: Jest runs them as part of this file.
  describe('the sample about tests', () => void compile(inTests, 'function', [])());

  it('runs the sample about faults', async () => {
    const wechat = await emulator.createEmulator();
    const undo = await compile(`${faults}\nreturn undo;`, 'async function', ['wechat'])({ wechat });
    expect(undo).toBeInstanceOf(Function);
    const response = await fetch(`${wechat.url}/sns/oauth2/access_token`);
    expect(await response.json()).toMatchObject({ errcode: 45011 });
    await wechat.close();
  });

  it('runs the sample about TLS', async () => {
    const wechat = (await compile(`${overTLS}\nreturn wechat;`, 'async function', [])()) as emulator.Emulator;
    expect(wechat.url).toMatch(/^https:/);
    await wechat.close();
  });
});
