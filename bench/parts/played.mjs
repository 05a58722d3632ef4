// WeChat's answers, played in this process: for what a million users cost, without a million requests.
import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** The answer leaves in a later turn, as from a network. */
export async function answerAxios(config) {
  await nextTurn();
  const data = Buffer.from(answerTo(new URL(config.url).searchParams.get('code')));
  return { data, status: 200, statusText: 'OK', headers: { 'content-type': 'text/plain' }, config };
}

/** In place of wechat-oauth's `request`, which hands over what urllib has parsed. */
export function answerUrllib(_url, options, callback) {
  void nextTurn().then(() => callback(null, JSON.parse(answerTo(options.data.code))));
}

/** A token answer in WeChat's own sizes: openid and unionid of 28 characters, tokens of 107 to 110. */
function answerTo(code) {
  const user = Number(code);
  return JSON.stringify({
    access_token: token(user),
    expires_in: 7200,
    refresh_token: token(user),
    openid: openidOf(user),
    scope: 'snsapi_userinfo',
    unionid: idOf(`unionid ${user}`),
  });
}

function token(user) {
  return `91_${randomBytes(81).toString('base64url')}`.slice(0, 107 + (user % 4));
}

/** WeChat's codes have 32 characters. */
export function codeOf(user) {
  return String(user).padStart(32, '0');
}

export function openidOf(user) {
  return idOf(`openid ${user}`);
}

function idOf(text) {
  return `o${createHash('sha256').update(text).digest('base64url').slice(0, 27)}`;
}
