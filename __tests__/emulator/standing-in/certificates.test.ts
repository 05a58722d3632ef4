// Strict verifiers accept the emulator's certificate.
import { execFile, execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { keptCertificate, selfSignedCertificate, WECHAT_HOSTS } from '../../../lib/emulator';
import { authorityOf, issueCertificate, newPrivateKey } from '../../../lib/emulator/tls/authority';

const DAY_MS = 24 * 3600 * 1000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'emulator-ca-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const HOSTS = [...WECHAT_HOSTS, 'localhost', '127.0.0.1', '::1', 'fe80::1:2', 'wechat.test'];

/** The certificates of a PEM text, in order. */
function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each),
  );
}

function textOf(certificate: X509Certificate | undefined): string {
  return execFileSync('openssl', ['x509', '-noout', '-text'], {
    input: certificate?.toString() ?? '',
  }).toString();
}

describe('the certificate', () => {
  const pair = selfSignedCertificate(HOSTS);
  const [leaf, authority] = certificatesIn(pair.cert);

  it('is a leaf, followed by its authority, which alone is a CA', () => {
    expect([leaf?.ca, authority?.ca, authority?.toString()]).toEqual([false, true, pair.ca]);
    expect(textOf(leaf)).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(textOf(authority)).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
  });

  it('has the usages and key identifiers that Apple, Firefox, rustls and Python 3.13 ask for', () => {
    const [leafText, authorityText] = [textOf(leaf), textOf(authority)];
    expect(leafText).toMatch(/X509v3 Key Usage: critical\s+Digital Signature\n/);
    expect(leafText).toMatch(/X509v3 Extended Key Usage:\s+TLS Web Server Authentication\n/);
    expect(authorityText).toMatch(/X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    const subjectKey = /Subject Key Identifier:\s+([0-9A-F:]+)/;
    const authorityKey = /Authority Key Identifier:\s+(?:keyid:)?([0-9A-F:]+)/;
    const id = subjectKey.exec(authorityText)?.[1];
    expect(id).toMatch(/^([0-9A-F]{2}:){19}[0-9A-F]{2}$/);
    expect([authorityKey.exec(leafText)?.[1], authorityKey.exec(authorityText)?.[1]]).toEqual([id, id]);
    expect(subjectKey.exec(leafText)?.[1]).not.toBe(id);
  });

  it('is valid for at most 825 days, and no longer than its authority', () => {
    const days = (each: X509Certificate | undefined): number =>
      (Date.parse(each?.validTo ?? '') - Date.parse(each?.validFrom ?? '')) / DAY_MS;
    for (const each of [leaf, authority]) {
      expect(days(each)).toBeGreaterThan(800);
      expect(days(each)).toBeLessThanOrEqual(825);
    }
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 760 * DAY_MS);
    const aged = authorityOf(newPrivateKey());
    now.mockRestore();
    const [early] = certificatesIn(issueCertificate(aged, ['a.test']).cert);
    expect(early?.validTo).toBe(new X509Certificate(aged.cert).validTo);
  });

  it('ends no later than its authority if making both takes more than a second', () => {
    let at = Date.now();
    const now = jest.spyOn(Date, 'now').mockImplementation(() => (at += 1_500));
    const [slow, itsAuthority] = certificatesIn(selfSignedCertificate().cert);
    now.mockRestore();
    expect(slow?.validTo).toBe(itsAuthority?.validTo);
  });

  it('covers names, IPv4 and IPv6 addresses', () => {
    for (const host of HOSTS) {
      expect(leaf?.checkHost(host) ?? leaf?.checkIP(host)).toBe(host);
    }
  });

  it.each(['open.weixin.qq.com', 'api.weixin.qq.com', 'res.wx.qq.com'])(
    'passes openssl verify for %s',
    (host) => {
      const [ca, file] = [path.join(folder, 'ca.pem'), path.join(folder, 'leaf.pem')];
      writeFileSync(ca, pair.ca);
      writeFileSync(file, leaf?.toString() ?? '');
      const flags = ['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', host, '-CAfile', ca, file];
      expect(execFileSync('openssl', ['verify', ...flags]).toString()).toContain('OK');
      const wrong = () =>
        execFileSync('openssl', ['verify', '-verify_hostname', 'evil.example', '-CAfile', ca, file], {
          stdio: 'pipe',
        });
      expect(wrong).toThrow(/[Hh]ostname mismatch/);
    },
  );
});

describe('keptCertificate()', () => {
  const keep = (hosts: readonly string[] = ['a.test']) => keptCertificate(path.join(folder, 'kept'), hosts);

  it('makes its folder and the folders above it, readable for their owner only', () => {
    const nested = path.join(folder, 'nested', 'deeper', 'kept');
    keptCertificate(nested, ['a.test']);
    for (const each of [nested, path.dirname(nested)]) expect(statSync(each).mode & 0o777).toBe(0o700);
  });

  const whereProcExists = existsSync('/proc/self') ? it : it.skip;
  whereProcExists('ends with an error where no folder can be made', () => {
    expect(() => keptCertificate('/proc/kept/deeper', ['a.test'])).toThrow(/ENOENT.*\/proc\/kept/);
  });

  it('keeps authority and certificate; a new host gets a new certificate of the same authority', () => {
    const first = keep();
    expect(keep()).toEqual(first);
    const second = keep(['a.test', 'b.test']);
    expect(second.ca).toBe(first.ca);
    expect(second.cert).not.toBe(first.cert);
    expect(certificatesIn(second.cert)[0]?.checkHost('b.test')).toBe('b.test');
    // Fewer hosts need no new certificate.
    expect(keep()).toEqual(second);
    expect(readFileSync(second.caFile, 'utf8')).toBe(first.ca);
    expect(readFileSync(second.bundleFile, 'utf8')).toContain(first.ca);
  });

  it('lets only the owner read the keys, even if their files were open to others', () => {
    keep();
    const keys = ['ca-key.pem', 'emulator-key.pem'].map((name) => path.join(folder, 'kept', name));
    for (const key of keys) chmodSync(key, 0o644);
    keep();
    for (const key of keys) expect(statSync(key).mode & 0o777).toBe(0o600);
  });

  it('renews what ends within 30 days, and clients that trust the authority accept the new certificate', () => {
    const first = keep();
    jest.useFakeTimers({ now: Date.now() + 795 * DAY_MS });
    try {
      const later = keep();
      expect(later.cert).not.toBe(first.cert);
      const [leaf] = certificatesIn(later.cert);
      const [old] = certificatesIn(first.ca);
      // The key and the name of the authority are the same.
      expect(old && leaf?.verify(old.publicKey)).toBe(true);
      expect(old && leaf?.checkIssued(old)).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });

  it('makes a new authority if its folder was removed', () => {
    const first = keep();
    rmSync(path.join(folder, 'kept'), { recursive: true });
    expect(keep().ca).not.toBe(first.ca);
  });

  it.each(['ca-key.pem', 'ca.pem'])('names the file if %s is damaged', (name) => {
    keep();
    const file = path.join(folder, 'kept', name);
    writeFileSync(file, 'x');
    expect(() => keep()).toThrow(file);
  });

  it.each(['emulator-key.pem', 'emulator.pem'])(
    'names both files of the certificate if %s is damaged',
    (name) => {
      keep();
      const pair = ['emulator-key.pem', 'emulator.pem'].map((each) => path.join(folder, 'kept', each));
      const file = path.join(folder, 'kept', name);
      writeFileSync(file, name === 'emulator.pem' ? `x${keep().ca}` : 'x');
      expect(() => keep()).toThrow(`${pair.join(' or ')} is damaged. Remove both`);
      for (const each of pair) rmSync(each);
      expect(() => keep()).not.toThrow();
    },
  );
});

describe('emulators that start at the same time in a new folder', () => {
  it('share one authority key, and none of them fails', async () => {
    const shared = path.join(folder, 'new', 'ca');
    const code = `
      const { X509Certificate } = require('node:crypto');
      const { keptCertificate } = require(${JSON.stringify(path.resolve(__dirname, '../../../dist/emulator'))});
      while (Date.now() < Number(process.argv[1]));
      const { ca } = keptCertificate(${JSON.stringify(shared)}, ['localhost']);
      console.log(new X509Certificate(ca).publicKey.export({ type: 'spki', format: 'pem' }));
    `;
    const start = String(Date.now() + 2_000);
    const run = promisify(execFile);
    const ends = Array.from({ length: 6 }, () => run(process.execPath, ['-e', code, start]));
    const keys = (await Promise.all(ends)).map(({ stdout }) => stdout);
    expect(keys[0]).toContain('PUBLIC KEY');
    expect(new Set(keys).size).toBe(1);
    const [, authority] = certificatesIn(keptCertificate(shared, ['localhost']).cert);
    expect(authority?.ca).toBe(true);
    expect(readdirSync(shared).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  }, 30_000);
});
