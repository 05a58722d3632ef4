/** The `data` of a login: what the app gives when it starts one, and gets back in `onLogin`. */
import crypto from 'node:crypto';
import { deriveKey } from '../../derive-key';
import { WechatAuthError } from '../../errors';
import type { OAuth } from '../../oauth/oauth';
import { ACCOUNT_FLOWS } from '../../oauth/flows';
import { mainAccountOf, type Context } from '../context';
import { isSameMAC } from '../state/hash';
import { isSmallData, MAX_DATA_BYTES } from '../state/pending-logins';
import { asJSON } from '../state/storable';

/**
 * A copy of the data, as it will come back.
 *
 * @throws WechatAuthError of kind `config` if it is not JSON, or longer than 512 bytes.
 */
export function checkedData(data: unknown): unknown {
  if (data === undefined) return undefined;
  const { json, fault } = asJSON(data, 'data');
  if (json === undefined || fault !== undefined) throw wrongData(fault ?? `data is a ${typeof data}`);
  const lost = lostField(data);
  if (lost !== undefined) throw wrongData(lost);
  if (isSmallData(json)) return JSON.parse(json);
  throw wrongData(`data has ${Buffer.byteLength(json)} bytes`);
}

function wrongData(fault: string): WechatAuthError {
  return new WechatAuthError(
    'config',
    `The data of a login must be JSON of at most ${MAX_DATA_BYTES} bytes: ${fault}. ` +
      'Keep more than that in a database, and give its id.',
  );
}

/** JSON silently leaves out functions and symbols, and turns NaN into null. */
function lostField(data: unknown): string | undefined {
  let lost: string | undefined;
  JSON.stringify(data, (key, value: unknown) => {
    const isLost = ['function', 'symbol'].includes(typeof value) || Object.is(value, NaN);
    if (isLost || value === Infinity || value === -Infinity)
      lost ??= `data${key === '' ? '' : ` (field ${JSON.stringify(key)})`} has the value ${String(value)}`;
    return value;
  });
  return lost;
}

/**
 * Whether an account of this request has an AppSecret, which signs data. An account for which a third-party
 * platform acts has none.
 */
export function canSign(context: Context): boolean {
  return signingAccount(context) !== undefined;
}

function signingAccount(context: Context): OAuth | undefined {
  const { accounts } = context.config;
  return [mainAccountOf(context), ...ACCOUNT_FLOWS.flatMap((flow) => accounts[flow] ?? [])]
    .map(({ oauth }) => oauth)
    .find(({ appsecret }) => appsecret);
}

/**
 * The data as a parameter of a link to the login route. A signature keeps others from writing data of their
 * own.
 */
export function signedData(context: Context, data: unknown): string | undefined {
  const checked = checkedData(data);
  if (checked === undefined) return undefined;
  const oauth = signingAccount(context);
  if (!oauth) throw noSecret();
  const encoded = encoding(checked);
  return `${encoded}.${signature(context, oauth, encoded)}`;
}

function encoding(data: unknown): string {
  return Buffer.from(JSON.stringify(data)).toString('base64url');
}

/** The data as a parameter of a link that is signed as a whole. */
export function encodedData(data: unknown): string | undefined {
  const checked = checkedData(data);
  return checked === undefined ? undefined : encoding(checked);
}

/** @param parameter of a link whose signature was checked */
export function decodedData(parameter: string | undefined): unknown {
  return parameter === undefined ? undefined : JSON.parse(Buffer.from(parameter, 'base64url').toString());
}

function noSecret(): WechatAuthError {
  return new WechatAuthError(
    'config',
    'The AppSecret signs the data in a login link, and an account for which a third-party platform acts has none. ' +
      'Give the data to req.wechat.login() instead.',
  );
}

/** The data in a link; `undefined` if this app did not sign it. */
export function verifiedData(context: Context, parameter: string | undefined): unknown {
  const [encoded = '', given = '', ...more] = (parameter ?? '').slice(0, MAX_PARAMETER).split('.');
  const oauth = encoded === '' || more.length > 0 ? undefined : signingAccount(context);
  if (!oauth) return undefined;
  return isSameMAC(given, signature(context, oauth, encoded)) ? decodedData(encoded) : undefined;
}

const MAX_PARAMETER = 1_000;

function signature({ config }: Context, { appid, appsecret }: OAuth, encoded: string): string {
  return mac(deriveKey(appsecret, `data in a login link of ${appid} ${config.namespace}`), encoded);
}

function mac(key: Parameters<typeof crypto.createHmac>[1], text: string): string {
  return crypto.createHmac('sha256', key).update(text).digest('base64url');
}

/** The parameters of a link that are signed together. */
type SignedParameters = Readonly<Record<'returnTo' | 'scope' | 'flow' | 'data', string | undefined>>;

/**
 * Signs a link that only one session may use.
 *
 * @param linkId of that session
 * @throws WechatAuthError of kind `config` if no account has an AppSecret.
 */
export function signatureOfLink(context: Context, linkId: string, link: Partial<SignedParameters>): string {
  const oauth = signingAccount(context);
  if (!oauth) throw noSecret();
  const { returnTo, scope, flow, data } = link;
  const key = deriveKey(oauth.appsecret, `login link of one session, of ${oauth.appid}`);
  // JSON turns an absent value into null, so that it differs from an empty one.
  return mac(key, JSON.stringify([linkId, returnTo, scope, flow, data]));
}

/** Whether this app signed these parameters for the session with this id. */
export function isOwnLink(context: Context, linkId: string, link: SignedParameters, given: string): boolean {
  return canSign(context) && isSameMAC(given, signatureOfLink(context, linkId, link));
}
