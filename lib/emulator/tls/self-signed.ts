import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import * as der from './der';

/** A private key and its self-signed certificate, for the option `https` of the emulator. */
export interface KeyAndCertificate {
  /** PEM. */
  readonly key: string;
  /** PEM. It is its own certificate authority: give it to clients as `ca`, or in `NODE_EXTRA_CA_CERTS`. */
  readonly cert: string;
}

const DAY_MS = 24 * 3600 * 1000;

/**
 * Makes a new key and a self-signed certificate for these hosts: names and IPv4 addresses, by default
 * `localhost` and `127.0.0.1`. The certificate is valid for a year. Clients accept it only if they are told
 * to trust it.
 *
 * @throws Error for an IPv6 address.
 *
 * @example
 * const wechat = await createEmulator({ https: selfSignedCertificate(['localhost']) });
 */
export function selfSignedCertificate(
  hosts: readonly string[] = ['localhost', '127.0.0.1'],
): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = der.sequence(
    der.set(der.sequence(COMMON_NAME, der.utf8String('express-wechat-auth emulator'))),
  );
  const now = Date.now();
  const toBeSigned = der.sequence(
    der.context(0, der.integer(Buffer.of(2))),
    der.integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    name,
    der.sequence(der.utcTime(new Date(now - DAY_MS)), der.utcTime(new Date(now + 365 * DAY_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(hosts),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = der.sequence(toBeSigned, ECDSA_WITH_SHA256, der.bitString(signature));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(certificate) };
}

const ECDSA_WITH_SHA256 = der.sequence(der.oid('2a8648ce3d040302'));
const COMMON_NAME = der.oid('550403');
const SUBJECT_ALT_NAME = der.oid('551d11');
const BASIC_CONSTRAINTS = der.oid('551d13');

function extensions(hosts: readonly string[]): Buffer {
  return der.context(
    3,
    der.sequence(
      der.sequence(SUBJECT_ALT_NAME, der.octetString(der.sequence(...hosts.map(generalName)))),
      // The certificate is its own CA, so that clients can trust it as one (NODE_EXTRA_CA_CERTS).
      der.sequence(BASIC_CONSTRAINTS, der.boolean(true), der.octetString(der.sequence(der.boolean(true)))),
    ),
  );
}

const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

function generalName(host: string): Buffer {
  if (isIPv4(host)) return der.tagged(IP_ADDRESS, Buffer.from(host.split('.').map(Number)));
  if (isIP(host)) {
    throw new Error(
      `selfSignedCertificate() does not support the IPv6 address ${host}. Give a name or an IPv4 address.`,
    );
  }
  return der.tagged(DNS_NAME, Buffer.from(host, 'ascii'));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
