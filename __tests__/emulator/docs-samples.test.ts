// The samples of the emulator’s page of the documentation run unchanged.
import * as library from '../../lib';
import * as emulator from '../../lib/emulator';
import { asFunction } from '../docs/as-function';
import { blocksIn } from '../docs/blocks';

/** Called with each emulator that a sample starts. */
let onStart: (wechat: emulator.Emulator) => void = () => undefined;

const ENTRIES: Readonly<Record<string, unknown>> = {
  'express-wechat-auth': library,
  'express-wechat-auth/emulator': {
    ...emulator,
    async createEmulator(options?: emulator.EmulatorOptions): Promise<emulator.Emulator> {
      const wechat = await emulator.createEmulator(options);
      onStart(wechat);
      return wechat;
    },
  },
};
function requireSample(name: string): unknown {
  return ENTRIES[name] ?? jest.requireActual<object>(name);
}

function run(sample: string, form?: 'async'): unknown {
  return asFunction(sample, ['require', 'exports'], form)(requireSample, {});
}

/**
 * Runs a sample that starts an emulator. Calls `beforeClose` before the sample closes the emulator, and expects that
 * the emulator is closed at the end.
 */
async function runWhole(
  sample: string,
  beforeClose: (wechat: emulator.Emulator) => Promise<void>,
): Promise<void> {
  const started: emulator.Emulator[] = [];
  onStart = (wechat) => {
    started.push(wechat);
    const close = wechat.close.bind(wechat);
    wechat.close = async () => {
      await beforeClose(wechat);
      await close();
    };
  };
  try {
    await run(sample, 'async');
  } finally {
    onStart = () => undefined;
  }
  expect(started).toHaveLength(1);
  await expect(fetch(started[0]?.httpURL ?? '')).rejects.toThrow();
}

describe.each(['docs/emulator.md', 'docs/zh-CN/emulator.md'])('%s', (file) => {
  const [inTests = '', faults = '', overTLS = '', ...notRun] = blocksIn(file, 'ts');

  it('has only the samples that are run here', () => expect(notRun).toEqual([]));

  // The sample calls beforeAll, test and afterAll: Jest runs them as part of this file.
  describe('the sample about tests', () => void run(inTests));

  it('runs the sample about faults', async () => {
    expect.hasAssertions();
    await runWhole(faults, async ({ url }) => {
      const response = await fetch(`${url}/sns/oauth2/access_token`);
      expect(await response.json()).toMatchObject({ errcode: 45011 });
    });
  });

  it('runs the sample about TLS', async () => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    await runWhole(overTLS, ({ url }) => {
      expect(url).toMatch(/^https:/);
      expect(log).toHaveBeenCalledWith(url);
      return Promise.resolve();
    });
    log.mockRestore();
  });
});
