import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
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

/**
 * Makes a folder and the folders above it. With the option `recursive`, `mkdirSync` never returns if the
 * system reports ENOENT for a folder whose parent exists, as Linux does below `/proc`.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent);
  unlessItExists(() => mkdirSync(folder, { mode: 0o700 }));
}

function keptAuthority(keyFile: string, certFile: string): Authority {
  const [key, kept] = [keptKey(keyFile), readIfExists(certFile)];
  if (kept !== undefined && isStillGood(kept, key, [certFile]))
    return { privateKey: createPrivateKey(key), cert: kept };
  const authority = authorityOf(key);
  replaceFile(certFile, authority.cert, 0o644);
  return authority;
}

/**
 * The authority's key. Of two emulators that start at the same time, one makes it and the other reads it: a link
 * to a complete file is made in one step, and only if there is none.
 */
function keptKey(file: string): string {
  if (!existsSync(file)) {
    const temporary = temporaryName(file);
    writeFileSync(temporary, newPrivateKey(), { mode: 0o600 });
    try {
      unlessItExists(() => linkSync(temporary, file));
    } finally {
      unlinkSync(temporary);
    }
  }
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

function readIfExists(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes another file and renames it, so that no process reads half a file. */
function replaceFile(file: string, text: string, mode: number): void {
  const temporary = temporaryName(file);
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, file);
}

function temporaryName(file: string): string {
  return `${file}.${process.pid}.tmp`;
}

/** Another emulator that starts at the same time may have made it. */
function unlessItExists(make: () => void): void {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
