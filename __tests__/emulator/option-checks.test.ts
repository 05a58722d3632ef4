import { createEmulator, type EmulatorOptions } from '../../lib/emulator';

describe('createEmulator() with wrong options', () => {
  it.each([
    [{ prot: 8917 }, /prot is not an option\. The options are port, host/],
    [{ port: 'x' }, /port is 'x'\. Give a whole number/],
    [{ host: '' }, /host is ''/],
    [{ https: true }, /https is true\. Give \{ key, cert \}/],
    [{ apps: { official: { appId: 'wx', appSecret: 's' } } }, /apps is .*Give a list/],
    [{ apps: [{}] }, /apps is .*\{ type, appId, appSecret/],
    [{ users: 5 }, /users is 5\. Give a list/],
    [{ users: [null] }, /users is /],
    [{ switches: [] }, /switches is \[\]/],
  ])('refuses %j and names the remedy', async (options, words) => {
    await expect(createEmulator(options as unknown as EmulatorOptions)).rejects.toThrow(words);
  });

  it('names every wrong option at once', async () => {
    const options = { prot: 1, users: 5 } as unknown as EmulatorOptions;
    await expect(createEmulator(options)).rejects.toThrow(/prot is not an option.*users is 5/);
  });
});
