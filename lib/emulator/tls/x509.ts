import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import * as der from './der';

export const DAY_MS = 24 * 3600 * 1000;

export interface CertificateContent {
  /** The common name of the subject. */
  readonly subject: string;
  readonly publicKey: KeyObject;
  /** The common name and the keys of the certificate authority. */
  readonly issuer: { readonly name: string; readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly notAfter: Date;
  readonly extensions: readonly Buffer[];
}

/** Builds and signs a certificate (RFC 5280) with keys on the curve P-256. Returns PEM. */
export function signedCertificate({
  subject,
  publicKey,
  issuer,
  notAfter,
  extensions,
}: CertificateContent): string {
  const toBeSigned = der.sequence(
    der.context(0, der.integer(Buffer.of(2))),
    der.integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    commonName(issuer.name),
    // Clocks may differ a little, so the certificate is valid since yesterday.
    der.sequence(der.utcTime(new Date(Date.now() - DAY_MS)), der.utcTime(notAfter)),
    commonName(subject),
    spkiOf(publicKey),
    der.context(3, der.sequence(...extensions, ...keyIdentifiers(publicKey, issuer.publicKey))),
  );
  const signature = der.bitString(sign('sha256', toBeSigned, issuer.privateKey));
  return pem(der.sequence(toBeSigned, ECDSA_WITH_SHA256, signature));
}

const ECDSA_WITH_SHA256 = der.sequence(der.oid('2a8648ce3d040302'));

function commonName(name: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid('550403'), der.utf8String(name))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

/**
 * The extensions of a certificate authority that issues certificates for servers only, not for authorities.
 */
export const AUTHORITY_EXTENSIONS: readonly Buffer[] = [
  // Basic constraints: CA, path length 0.
  extension('551d13', true, der.sequence(der.boolean(true), der.integer(Buffer.of(0)))),
  // Key usage: keyCertSign (5) and cRLSign (6).
  extension('551d0f', true, der.bitString(Buffer.of(0b0000_0110), 1)),
];

/** The extensions of a server's certificate for these hosts: names and IP addresses. */
export function serverExtensions(hosts: readonly string[]): readonly Buffer[] {
  return [
    // Basic constraints: not a CA. Firefox and rustls refuse a server's certificate that is one.
    extension('551d13', true, der.sequence()),
    // Key usage: digitalSignature (0).
    extension('551d0f', true, der.bitString(Buffer.of(0b1000_0000), 7)),
    // Extended key usage: serverAuth, without which Apple's platforms refuse the certificate.
    extension('551d25', false, der.sequence(der.oid('2b06010505070301'))),
    // Subject alternative name.
    extension('551d11', false, der.sequence(...hosts.map(generalName))),
  ];
}

/** Subject and authority key identifiers, which Python 3.13 requires (VERIFY_X509_STRICT). */
function keyIdentifiers(subject: KeyObject, authority: KeyObject): Buffer[] {
  return [
    extension('551d0e', false, der.octetString(keyId(subject))),
    extension('551d23', false, der.sequence(der.tagged(0x80, keyId(authority)))),
  ];
}

/** The SHA-1 of the key's bits (RFC 5280, 4.2.1.2). On P-256, these are the last 65 bytes of the SPKI. */
export function keyId(publicKey: KeyObject): Buffer {
  return createHash('sha1').update(spkiOf(publicKey).subarray(-65)).digest();
}

function spkiOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}

const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

function generalName(host: string): Buffer {
  if (isIPv4(host)) return der.tagged(IP_ADDRESS, Buffer.from(host.split('.').map(Number)));
  if (isIP(host)) return der.tagged(IP_ADDRESS, ipv6Bytes(host));
  return der.tagged(DNS_NAME, Buffer.from(host, 'ascii'));
}

function ipv6Bytes(address: string): Buffer {
  // The URL parser writes the address in hexadecimal groups, with at most one `::`.
  const [before = '', after = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [head, tail] = [before, after].map((part) => part.split(':').filter(Boolean)) as [string[], string[]];
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
