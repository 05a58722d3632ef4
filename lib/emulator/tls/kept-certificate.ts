import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import {
  authorityOf,
  issueCertificate,
  newPrivateKey,
  type Authority,
  type KeyAndCertificate,
} from './authority';
import { makeFile, makeFolder, readIfExists, replaceFile } from './files';
import { DAY_MS } from './x509';

/** A certificate whose authority is kept in a folder, so that clients need to trust it only once. */
export interface KeptCertificate extends KeyAndCertificate {
  /** The file with the certificate of the authority, PEM. */
  readonly caFile: string;
  /**
   * A file with the certificate of the authority and the public authorities that Node trusts, for clients
   * whose list of authorities can only be replaced.
   */
  readonly bundleFile: string;
}

/** A certificate that ends sooner is replaced. */
const RENEW_BEFORE_MS = 30 * DAY_MS;

/**
 * The certificate for these hosts from a folder with its own authority. Makes the folder, the authority
 * and the certificate if they are missing or end within 30 days. Only the owner can read the keys.
 *
 * @throws Error if a file of the folder is damaged, or cannot be read or written.
 */
export function keptCertificate(folder: string, hosts: readonly string[]): KeptCertificate {
  makeFolder(path.resolve(folder));
  const file = (name: string): string => path.join(folder, name);
  const authority = keptAuthority(file('ca-key.pem'), file('ca.pem'));
  const [keyFile, certFile] = [file('emulator-key.pem'), file('emulator.pem')];
  const kept = keptLeaf(keyFile, certFile, authority, hosts);
  const pair = kept ?? issueCertificate(authority, hosts);
  if (!kept) {
    replaceFile(keyFile, pair.key, 0o600);
    replaceFile(certFile, pair.cert, 0o644);
  }
  const [caFile, bundleFile] = [file('ca.pem'), file('ca-bundle.pem')];
  replaceFile(bundleFile, [...rootCertificates, authority.cert].join('\n'), 0o644);
  return { ...pair, caFile, bundleFile };
}

function keptAuthority(keyFile: string, certFile: string): Authority {
  const [key, kept] = [keptKey(keyFile), readIfExists(certFile)];
  if (kept !== undefined && isStillGood(kept, key, [certFile]))
    return { privateKey: createPrivateKey(key), cert: kept };
  const authority = authorityOf(key);
  replaceFile(certFile, authority.cert, 0o644);
  return authority;
}

/** The authority's key. Of two emulators that start at the same time, one makes it and the other reads it. */
function keptKey(file: string): string {
  if (!existsSync(file)) makeFile(file, newPrivateKey(), 0o600);
  chmodSync(file, 0o600);
  const key = readFileSync(file, 'utf8');
  try {
    createPrivateKey(key);
    return key;
  } catch {
    throw new Error(`${file} does not hold a private key. Remove the file, so that a new authority is made.`);
  }
}

/** The kept certificate, if it belongs to this authority, covers the hosts and does not end soon. */
function keptLeaf(
  keyFile: string,
  certFile: string,
  { cert: ca }: Authority,
  hosts: readonly string[],
): KeyAndCertificate | undefined {
  const [key, cert] = [readIfExists(keyFile), readIfExists(certFile)];
  if (key === undefined || !cert?.endsWith(ca)) return undefined;
  chmodSync(keyFile, 0o600);
  if (!isStillGood(cert, key, [keyFile, certFile])) return undefined;
  const leaf = new X509Certificate(cert);
  const covers = (host: string): boolean => Boolean(isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host));
  return hosts.every(covers) ? { key, cert, ca } : undefined;
}

function isStillGood(cert: string, key: string, files: readonly string[]): boolean {
  try {
    const parsed = new X509Certificate(cert);
    const ends = new Date(parsed.validTo).getTime();
    return parsed.checkPrivateKey(createPrivateKey(key)) && ends - Date.now() > RENEW_BEFORE_MS;
  } catch {
    throw new Error(
      `${files.join(' or ')} is damaged. Remove ${files.length > 1 ? 'both' : 'it'}, so that a new one is made.`,
    );
  }
}
