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
    [{ apps: { official: { appId: 'wx', appSecret: 's' } } }, /apps is an object\. Give a list/],
    [{ names: ['http://wechat.test'] }, /names is \[ 'http:\/\/wechat\.test' \]\. Give a list of host names/],
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
    [{ switches: [] }, /switches is a list\. Give an object of switches/],
  ])('refuses %j and names the remedy', async (options, words) => {
    await expect(createEmulator(options as unknown as EmulatorOptions)).rejects.toThrow(words);
  });

  it.each([
    [{ apps: { type: 'official', appId: 'wx', appSecret: 'CANARY' } }, /apps is an object\. Give a list/],
    [{ apps: 'wx:CANARY' }, /apps is of type string\. Give a list/],
    [{ apps: ['wx:CANARY'] }, /apps\[0\] is of type string\. Give an app/],
    [
      { apps: [{ type: 'official', appId: { appSecret: 'CANARY' }, appSecret: 's' }] },
      /appId is an object\./,
    ],
    [{ https: '-----BEGIN PRIVATE KEY-----CANARY' }, /https is of type string\. Give \{ key, cert \}/],
    [{ https: ['-----BEGIN PRIVATE KEY-----CANARY'] }, /https is a list\. Give \{ key, cert \}/],
    [{ names: { appSecret: 'CANARY' } }, /names is an object\. Give a list/],
    [{ names: [['CANARY']] }, /names is a list\. Give a list/],
    [{ switches: { consent: ['CANARY'] } }, /switches\.consent is a list\. Give one of/],
    [{ publicURL: 'https://me:CANARY@wechat.test' }, /publicURL is 'https:\/\/\*\*\*@wechat\.test'\. Give/],
  ])('shows no secret of %j', async (options, words) => {
    const error: unknown = await createEmulator(options as unknown as EmulatorOptions).catch(
      (e: unknown) => e,
    );
    expect(String(error)).toMatch(words);
    expect(String(error)).not.toContain('CANARY');
  });

  it('names every wrong option and every wrong switch at once', async () => {
    const switches = { consents: 'ask', denial: 'loud' };
    const options = { prot: 1, users: 5, switches } as unknown as EmulatorOptions;
    await expect(createEmulator(options)).rejects.toThrow(
      /prot is not an option.*users is 5.*"consents" is not a switch.*switches\.denial is "loud"/,
    );
  });
});
