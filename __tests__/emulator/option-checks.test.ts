import { createEmulator, selfSignedCertificate, type EmulatorOptions } from '../../lib/emulator';

const [mine, other] = [selfSignedCertificate(), selfSignedCertificate()];

describe('createEmulator() with wrong options', () => {
  it.each([
    [{ prot: 8917 }, /prot is not an option\. The options are port, host/],
    [{ port: 'x' }, /port is 'x'\. Give a whole number/],
    [{ host: '' }, /host is ''\. Give an address to listen on/],
    [{ publicURL: 'https://a.example/path' }, /publicURL is 'https:.*Give the public address without a path/],
    [{ proxyPort: 70000 }, /proxyPort is 70000\. Give a whole number/],
    [{ proxyPort: 0 }, /proxyPort needs https.*Give the option https too/],
    [{ log: true }, /log is true\. Give a function/],
    [{ https: true }, /https is true\. Give \{ key, cert \}/],
    [{ https: {} }, /https\.key is not a text or Buffer\. Give PEM\. https\.cert is not a text or Buffer\./],
    [{ https: { key: mine.key } }, /: https\.cert is not a text or Buffer\. Give PEM\.$/],
    [{ https: { ...mine, key: '' } }, /: https\.key is not a text or Buffer\./],
    [
      { https: { ...mine, cert: 'nonsense' } },
      /https cannot be used \(.+\)\. Give a key and its certificate/,
    ],
    [{ https: { ...mine, key: other.key } }, /https cannot be used \(.*mismatch.*\)\. Give a key and/],
    [{ apps: { official: { appId: 'wx', appSecret: 's' } } }, /apps is .*Give a list/],
    [
      { apps: [{}] },
      /apps\[0\]\.type is missing.*apps\[0\]\.appId is missing.*apps\[0\]\.appSecret is missing/,
    ],
    [
      { apps: [{ type: 'official', appId: 'wx1', appSecret: 's', domain: 'a.example' }] },
      /"domain" is not a field of apps\[0\]\. The fields are type, appId/,
    ],
    [{ users: 5 }, /users is 5\. Give a list/],
    [{ users: [null] }, /users\[0\] is null\. Give a user \{ id, nickname/],
    [{ switches: [] }, /switches is \[\]\. Give an object of switches/],
  ])('refuses %j and names the remedy', async (options, words) => {
    await expect(createEmulator(options as unknown as EmulatorOptions)).rejects.toThrow(words);
  });

  it('names every wrong option and every wrong switch at once', async () => {
    const switches = { consents: 'ask', denial: 'loud' };
    const options = { prot: 1, users: 5, switches } as unknown as EmulatorOptions;
    await expect(createEmulator(options)).rejects.toThrow(
      /prot is not an option.*users is 5.*"consents" is not a switch.*switches\.denial is "loud"/,
    );
  });
});
