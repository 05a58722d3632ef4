import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { AUTHORITY_EXTENSIONS, DAY_MS, keyId, serverExtensions, signedCertificate } from './x509';

/** A server's private key and certificate, for the option `https` of the emulator. */
export interface KeyAndCertificate {
  /** PEM. */
  readonly key: string;
  /** PEM: the server's certificate, and after it the certificate of its authority. */
  readonly cert: string;
  /**
   * PEM: the certificate of the authority. Clients that trust it (`ca`, `NODE_EXTRA_CA_CERTS`) accept `cert`.
   */
  readonly ca: string;
}

/** A local certificate authority. */
export interface Authority {
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly cert: string;
}

// Apple's platforms refuse certificates of servers that are valid for more than 825 days.
const LIFETIME_MS = 820 * DAY_MS;

/** PEM (PKCS #8) of a new private key. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * The authority with this private key (PEM). Its name depends on the key alone, so that it can be renewed.
 */
export function authorityOf(key: string): Authority {
  const privateKey = createPrivateKey(key);
  const publicKey = createPublicKey(privateKey);
  const name = nameOf(publicKey);
  const cert = signedCertificate({
    subject: name,
    publicKey,
    issuer: { name, publicKey, privateKey },
    notAfter: new Date(Date.now() + LIFETIME_MS),
    extensions: AUTHORITY_EXTENSIONS,
  });
  return { privateKey, cert };
}

function nameOf(publicKey: KeyObject): string {
  return `express-wechat-auth emulator CA ${keyId(publicKey).toString('hex').slice(0, 8)}`;
}

/** A certificate of this authority for these hosts. It ends no later than the authority's own. */
export function issueCertificate(
  { privateKey, cert: ca }: Authority,
  hosts: readonly string[],
): KeyAndCertificate {
  const key = newPrivateKey();
  const issuerKey = createPublicKey(privateKey);
  const authorityEnds = new Date(new X509Certificate(ca).validTo);
  const leaf = signedCertificate({
    subject: 'express-wechat-auth emulator',
    publicKey: createPublicKey(key),
    issuer: { name: nameOf(issuerKey), publicKey: issuerKey, privateKey },
    notAfter: new Date(Math.min(Date.now() + LIFETIME_MS, authorityEnds.getTime())),
    extensions: serverExtensions(hosts),
  });
  return { key, cert: leaf + ca, ca };
}

/**
 * Makes a new certificate authority, and a key with a certificate that this authority issues for the hosts:
 * names and IP addresses, by default `localhost` and `127.0.0.1`. Despite its name, the certificate is signed
 * by an authority that is made with it. Both certificates are valid for 820 days.
 * Clients accept the certificate only if they are told to trust `ca`; `cert` holds it too. The authority's
 * own key is not kept.
 *
 * @example
 * const wechat = await createEmulator({ https: selfSignedCertificate(['localhost']) });
 */
export function selfSignedCertificate(
  hosts: readonly string[] = ['localhost', '127.0.0.1'],
): KeyAndCertificate {
  return issueCertificate(authorityOf(newPrivateKey()), hosts);
}
