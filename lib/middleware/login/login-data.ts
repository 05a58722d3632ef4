/** The `data` of a login: what the app gives when it starts one, and gets back in `onLogin`. */
import crypto from 'node:crypto';
import { WechatAuthError } from '../../errors';
import { mainAccountOf, type Context } from '../context';
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

/** The data as a parameter of a link to the login route. A signature keeps others from writing data of their own. */
export function signedData(context: Context, data: unknown): string | undefined {
  const checked = checkedData(data);
  if (checked === undefined) return undefined;
  const encoded = Buffer.from(JSON.stringify(checked)).toString('base64url');
  return `${encoded}.${signature(context, encoded)}`;
}

/** The data in a link; `undefined` if this app did not sign it. */
export function verifiedData(context: Context, parameter: string | null): unknown {
  const [encoded = '', given = '', ...more] = (parameter ?? '').slice(0, MAX_PARAMETER).split('.');
  if (encoded === '' || more.length > 0) return undefined;
  const expected = Buffer.from(signature(context, encoded));
  const isOurs = given.length === expected.length && crypto.timingSafeEqual(Buffer.from(given), expected);
  return isOurs ? JSON.parse(Buffer.from(encoded, 'base64url').toString()) : undefined;
}

const MAX_PARAMETER = 1_000;

/** The key is derived from the AppSecret, so that every process of the app has the same. */
function signature(context: Context, encoded: string): string {
  const { appid, appsecret } = mainAccountOf(context).oauth;
  const key = crypto.hkdfSync('sha256', appsecret, '', `data in a login link of ${appid}`, 32);
  return crypto.createHmac('sha256', Buffer.from(key)).update(encoded).digest('base64url');
}
