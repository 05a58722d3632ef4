import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EMULATOR_OPTIONS } from '../../lib/cli/emulator/emulator-help';
import { run } from '../../lib/cli/run';
import { createEmulator, selfSignedCertificate } from '../../lib/emulator';

interface CommandRun {
  readonly out: string[];
  readonly err: string[];
  readonly status: Promise<number>;
  /** Presses Ctrl+C and waits for the end. */
  stop(): Promise<number>;
  /** Waits until the output matches, and returns the first group, or the match. */
  waitFor(pattern: RegExp): Promise<string>;
}

const HOME = mkdtempSync(path.join(tmpdir(), 'emulator-home-'));
afterAll(() => rmSync(HOME, { recursive: true }));

function start(args: string[], given: Record<string, string> = {}): CommandRun {
  const env = { HOME, ...given };
  const out: string[] = [];
  const err: string[] = [];
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const status = run(args, { env, out: (line) => out.push(line), err: (line) => err.push(line), stopped });
  let ended = false;
  void status.then(() => (ended = true));
  const waitFor = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = pattern.exec(out.join('\n'));
      if (match) return match[1] ?? match[0];
      if (ended)
        throw new Error(`The command ended before its output matched ${String(pattern)}: ${err.join('\n')}`);
      await new Promise(setImmediate);
    }
  };
  return {
    out,
    err,
    status,
    waitFor,
    stop: () => {
      stop();
      return status;
    },
  };
}

const fails = async (args: string[], env?: Record<string, string>): Promise<[number, string]> => {
  const command = start(args, env);
  return [await command.status, command.err.join('\n')];
};

/** The status over TLS, for a client that trusts this authority and asks for this host. */
function statusOf(url: string, ca: Buffer, servername = 'localhost'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { ca, agent: false, servername, headers: { Host: servername } };
    https.get(url, options, (response) => resolve(response.statusCode)).on('error', reject);
  });
}

describe('express-wechat-auth emulator', () => {
  it('runs, prints what the app needs, and ends on Ctrl+C', async () => {
    const command = start(['emulator', '--port', '0']);
    const url = await command.waitFor(/WECHAT_OPEN_URL=(\S+)/);
    await command.waitFor(/Ctrl\+C/);
    expect(command.out.join('\n')).toMatch(
      /WECHAT_API_URL=.*\nWECHAT_APP_ID=wx.*\nWECHAT_APP_SECRET=.*\nWECHAT_WEBSITE_APP_ID=wx.*/,
    );
    expect(command.out.join('\n')).toMatch(/^SESSION_KEY=[\w-]{43}$/m);
    expect((await fetch(`${url}/sns/auth`)).status).toBe(200);
    expect(await command.stop()).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('adds the apps of --app and --website', async () => {
    const command = start(['emulator', '--port', '0', '--app', 'wxmine:secret', '--website', 'wxsite:other']);
    await command.waitFor(/WECHAT_WEBSITE_APP_SECRET=other/);
    expect(command.out.join('\n')).toMatch(
      /WECHAT_APP_ID=wxmine\nWECHAT_APP_SECRET=secret\nWECHAT_WEBSITE_APP_ID=wxsite/,
    );
    await command.stop();
  });

  it('serves the host names of --name, and its certificate covers them', async () => {
    const names = ['--name', 'wechat.test', '--name', 'other.test'];
    const command = start(['emulator', '--port', '0', '--https', ...names]);
    const url = await command.waitFor(/WECHAT_OPEN_URL=(https:\S+)/);
    const ca = readFileSync(await command.waitFor(/NODE_EXTRA_CA_CERTS=(\S+)/));
    const statusFor = (servername: string) => statusOf(`${url}/sns/auth`, ca, servername);
    expect([await statusFor('wechat.test'), await statusFor('other.test')]).toEqual([200, 200]);
    await command.stop();
  });

  it('serves over TLS with a certificate that the app can trust, and over http on the same port', async () => {
    const command = start(['emulator', '--port', '0', '--https']);
    const url = await command.waitFor(/WECHAT_OPEN_URL=(https:\S+)/);
    const file = await command.waitFor(/NODE_EXTRA_CA_CERTS=(\S+)/);
    expect(await statusOf(`${url}/sns/auth`, readFileSync(file))).toBe(200);
    const plain = await command.waitFor(/A local WeChat: https:\S+ {2}(http:\S+)/);
    expect(plain).toBe(url.replace('https:', 'http:'));
    expect((await fetch(`${plain}/sns/auth`)).status).toBe(200);
    await command.stop();
  });

  it('keeps the authority: the next start needs no new trust, and only the owner can read the keys', async () => {
    const folder = path.join(HOME, 'kept', 'here');
    const flags = ['emulator', '--port', '0', '--ca-dir', folder];
    const first = start(flags);
    const file = await first.waitFor(/NODE_EXTRA_CA_CERTS=(\S+)/);
    expect(file).toBe(path.join(folder, 'ca.pem'));
    await first.waitFor(/kept in .*here/);
    const ca = readFileSync(file);
    await first.stop();
    const second = start([...flags, '--name', 'wechat.test']);
    const url = await second.waitFor(/WECHAT_OPEN_URL=(https:\S+)/);
    expect(await statusOf(`${url}/sns/auth`, ca, 'wechat.test')).toBe(200);
    expect(await statusOf(`${url}/sns/auth`, ca, 'api.weixin.qq.com')).toBe(200);
    await second.stop();
    for (const key of ['ca-key.pem', 'emulator-key.pem'])
      expect(statSync(path.join(folder, key)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o077).toBe(0);
  });

  it('keeps the authority in the user’s home unless --ca-dir names another folder', async () => {
    const command = start(['emulator', '--port', '0', '--https']);
    expect(await command.waitFor(/NODE_EXTRA_CA_CERTS=(\S+)/)).toBe(
      path.join(HOME, '.express-wechat-auth', 'emulator-ca', 'ca.pem'),
    );
    await command.stop();
  });

  it('prints the certificate for Node apart from the .env file, from which Node does not read it', async () => {
    const command = start(['emulator', '--port', '0', '--https']);
    await command.waitFor(/Ctrl\+C/);
    const forEnvFile = command.out
      .join('\n')
      .split('\n\n')
      .find((part) => part.includes('WECHAT_API_URL='));
    expect(forEnvFile).toMatch(/\nSESSION_KEY=\S+$/);
    expect(command.out.join('\n')).toMatch(/in \.env it has no effect:\n\nNODE_EXTRA_CA_CERTS=\S+\n/);
    await command.stop();
  });

  it('says so if it cannot keep the authority', async () => {
    const file = path.join(HOME, 'a-file');
    writeFileSync(file, '');
    const [status, text] = await fails(['emulator', '--port', '0', '--ca-dir', path.join(file, 'folder')]);
    expect([status, text]).toEqual([1, expect.stringMatching(/cannot be kept in .*--ca-dir/)]);
  });

  it('serves with --cert and --key', async () => {
    const own = selfSignedCertificate(['own.test']);
    const [cert, key] = [path.join(HOME, 'own.pem'), path.join(HOME, 'own-key.pem')];
    writeFileSync(cert, own.cert);
    writeFileSync(key, own.key);
    const flags = ['emulator', '--port', '0', '--name', 'own.test', '--cert', cert, '--key', key];
    const command = start(flags);
    const url = await command.waitFor(/WECHAT_OPEN_URL=(https:\S+)/);
    await command.waitFor(/Ctrl\+C/);
    expect(await statusOf(`${url}/sns/auth`, Buffer.from(own.ca), 'own.test')).toBe(200);
    expect(command.out.join('\n')).not.toContain('NODE_EXTRA_CA_CERTS');
    await command.stop();
    expect((await fails(['emulator', '--cert', cert]))[1]).toMatch(/--cert and --key belong together/);
    expect((await fails(['emulator', '--cert', key, '--key', cert]))[1]).toMatch(
      /--cert: .* holds no certificate in PEM format/,
    );
    expect((await fails(['emulator', '--cert', cert, '--key', cert]))[1]).toMatch(
      /--key: .* holds no private key in PEM format/,
    );
    expect((await fails(['emulator', '--cert', 'none', '--key', key]))[1]).toMatch(
      /--cert: none cannot be read \(ENOENT\)/,
    );
  });

  it('--proxy-port runs a proxy and prints what an app needs that only knows WeChat’s addresses', async () => {
    const command = start(['emulator', '--port', '0', '--proxy-port', '0']);
    expect(await command.waitFor(/HTTPS_PROXY=(\S+)/)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const bundle = readFileSync(await command.waitFor(/SSL_CERT_FILE=(\S+)/), 'utf8');
    const ca = readFileSync(await command.waitFor(/NODE_EXTRA_CA_CERTS=(\S+)/), 'utf8');
    expect(bundle.split('BEGIN CERTIFICATE').length).toBeGreaterThan(100);
    expect(bundle.endsWith(ca)).toBe(true);
    await command.stop();
  });

  it('--public-url is the address for browsers, and its host is served and in the certificate', async () => {
    const command = start(['emulator', '--port', '0', '--https', '--public-url', 'https://wechat.example']);
    expect(await command.waitFor(/WECHAT_OPEN_URL=(\S+)/)).toBe('https://wechat.example');
    const url = await command.waitFor(/WECHAT_API_URL=(\S+)/);
    const ca = readFileSync(await command.waitFor(/NODE_EXTRA_CA_CERTS=(\S+)/));
    expect(await statusOf(`${url}/sns/auth`, ca, 'wechat.example')).toBe(200);
    await command.stop();
  });

  it('starts with the apps, users and switches of --config or WECHAT_EMULATOR_CONFIG', async () => {
    const app = { type: 'official', appId: 'wxseed', appSecret: 'seed', domains: ['h5.example.com'] };
    const config = { apps: [app], users: [{ id: 'lan', nickname: '小兰' }], switches: { consent: 'allow' } };
    const file = path.join(HOME, 'seed.json');
    writeFileSync(file, `\ufeff${JSON.stringify({ $schema: './emulator.schema.json', ...config })}`);
    const starts: [string[], Record<string, string>][] = [
      [['--config', file], {}],
      [[], { WECHAT_EMULATOR_CONFIG: file }],
      [[], { WECHAT_EMULATOR_CONFIG: JSON.stringify(config) }],
      [['--config', file], { WECHAT_EMULATOR_CONFIG: 'ignored' }],
    ];
    for (const [flags, env] of starts) {
      const command = start(['emulator', '--port', '0', ...flags], env);
      await command.waitFor(/WECHAT_APP_ID=wxseed/);
      const url = await command.waitFor(/WECHAT_API_URL=(\S+)/);
      const state: unknown = await (await fetch(`${url}/_emulator/state`)).json();
      expect(state).toMatchObject({ users: config.users, switches: { consent: 'allow' } });
      await command.stop();
    }
  });

  it.each<[string, string, RegExp]>([
    ['a field', '{"users":[{"id":"a","nickname":5}]}', /: users\[0\]\.nickname is 5\. Give the name/],
    [
      'an unknown field',
      '{"user":[]}',
      /"user" is not a field\. The fields are \$schema, apps, users, switches/,
    ],
    ['a switch', '{"switches":{"consent":"yes"}}', /switches\.consent is "yes"\. Give one of "ask"/],
    [
      'a secret, without showing it',
      '{"apps":[{"type":"official","appId":"a","appSecret":["s3cret"]}]}',
      /apps\[0\]\.appSecret is a list\./,
    ],
    ['an app in place of the list', '{"apps":{"appSecret":"s3cret"}}', /: apps is an object\. Give a list/],
    ['credentials in place of an app', '{"apps":["wx1:s3cret"]}', /: apps\[0\] is of type string\. Give/],
    ['a list', '[{"appSecret":"s3cret"}]', /The configuration: The value is a list\. Give an object/],
    ['JSON in quotes', `'{"apps":[{"appSecret":"s3cret"}]}'`, /The configuration is not JSON/],
    ['an empty list', '{"users":[]}', /users is empty\. Give at least 1/],
    ['broken JSON', '{"apps":[', /The configuration is not JSON.*Correct it/],
    ['a missing file', 'none.json', /none\.json cannot be read \(ENOENT\)/],
  ])('names what is wrong in the configuration: %s', async (_, value, message) => {
    const [status, text] = await fails(['emulator', '--port', '0'], { WECHAT_EMULATOR_CONFIG: value });
    expect([status, text]).toEqual([1, expect.stringMatching(message)]);
    expect(text).not.toContain('s3cret');
  });

  it('writes what it does not emulate to the error output, once', async () => {
    const command = start(['emulator', '--port', '0']);
    const url = await command.waitFor(/WECHAT_API_URL=(\S+)/);
    for (let call = 0; call < 2; call += 1) await fetch(`${url}/wxa/getwxacodeunlimit`, { method: 'POST' });
    expect(command.err).toEqual([expect.stringContaining('POST /wxa/getwxacodeunlimit')]);
    await command.stop();
  });

  it('--help lists every flag', async () => {
    const command = start(['emulator', '--help']);
    expect(await command.status).toBe(0);
    for (const flag of Object.keys(EMULATOR_OPTIONS)) expect(command.out.join('\n')).toContain(`--${flag}`);
  });

  it('--help needs no valid value, and no configuration that can be read', async () => {
    const command = start(['emulator', '--help', '--port', 'x', '--lang', 'fr'], {
      WECHAT_EMULATOR_CONFIG: '/gone.json',
    });
    expect(await command.status).toBe(0);
    expect(command.out.join('\n')).toMatch(/^Usage: express-wechat-auth emulator/);
  });

  it.each<[string, string[], RegExp]>([
    ['an unknown flag', ['emulator', '--prot', '1'], /Unknown option '--prot'[\s\S]*emulator --help/],
    [
      'a port that is too large',
      ['emulator', '--port', '99999'],
      /--port is "99999"; it must be a number from 0 to 65535/,
    ],
    ['an app without a secret', ['emulator', '--app', 'wxmine'], /--app is not of the form appid:secret/],
    [
      'a name that is an address',
      ['emulator', '--name', 'http://wechat.test'],
      /--name is "http:\/\/wechat.test"; it must be a host name without scheme and port/,
    ],
    ['an unknown command', ['emulatr'], /Unknown command "emulatr"; the commands are emulator, doctor/],
  ])('refuses %s with status 2', async (_, args, message) => {
    const [status, text] = await fails(args);
    expect(status).toBe(2);
    expect(text).toMatch(message);
  });

  it.each([
    ['--app', 'wx0123,s3cret', /--app is not of the form appid:secret/],
    ['--website', 'wx0123:s3cret:', /--website is not of the form appid:secret/],
    ['--public-url', 'https://me:s3cret@wechat.test', /--public-url is "https:\/\/\*\*\*@wechat\.test"; it/],
    ['--key', '-----BEGIN PRIVATE KEY-----\ns3cret', /--key is the text of a PEM file; it must be the path/],
  ])('shows no secret of a wrong %s', async (flag, value, message) => {
    const cert = path.join(HOME, 'cert.pem');
    writeFileSync(cert, '-----BEGIN CERTIFICATE-----');
    const needed = flag === '--key' ? ['--cert', cert] : [];
    const [status, text] = await fails(['emulator', ...needed, `${flag}=${value}`]);
    expect(status).toBe(2);
    expect(text).toMatch(message);
    expect(text).not.toContain('s3cret');
  });

  it('reports that a port is in use', async () => {
    const other = await createEmulator();
    const { port } = new URL(other.url);
    const [status, text] = await fails(['emulator', '--port', port]);
    await other.close();
    expect([status, text]).toEqual([
      1,
      `express-wechat-auth: Port ${port} is in use: choose another with --port, or 0 for any free one`,
    ]);
  });

  // Root and most containers may listen at every port, so the error of the system is emitted here.
  it.each([
    ['--port', ['--port', '80', '--proxy-port', '0'], 80],
    ['--proxy-port', ['--port', '0', '--proxy-port', '81'], 81],
  ])('names %s if its port needs privileges', async (flag, ports, port) => {
    const listen = Reflect.get(net.Server.prototype, 'listen') as (
      this: net.Server,
      at: unknown,
    ) => net.Server;
    jest.spyOn(net.Server.prototype, 'listen').mockImplementation(function (
      this: net.Server,
      ...given: [unknown]
    ) {
      if (given[0] !== port) return listen.apply(this, given);
      const error = Object.assign(new Error(`listen EACCES: ${port}`), { code: 'EACCES', port });
      process.nextTick(() => this.emit('error', error));
      return this;
    } as never);
    const [status, text] = await fails(['emulator', ...ports]);
    jest.restoreAllMocks();
    expect([status, text]).toEqual([
      1,
      `express-wechat-auth: You are not allowed to use port ${port}: choose one above 1023 with ${flag}`,
    ]);
  });

  it('does not run in production without --dangerously-allow-production', async () => {
    const production = { NODE_ENV: 'production' };
    const [status, text] = await fails(['emulator', '--port', '0'], production);
    expect(status).toBe(2);
    expect(text).toContain('--dangerously-allow-production');
    const command = start(['emulator', '--port', '0', '--dangerously-allow-production'], production);
    await command.waitFor(/WECHAT_OPEN_URL/);
    expect(await command.stop()).toBe(0);
  });

  it('prints the commands if none is given', async () => {
    const command = start([]);
    expect(await command.status).toBe(2);
    expect(command.out.join('\n')).toContain('emulator   run a local WeChat');
  });
});
