// Makes WeChat's responses in this process, so that a million logins need no requests.
import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * An adapter for axios. The response arrives in a later turn of the event loop, as it would from a network.
 */
export async function axiosAdapter(config) {
  await nextTurn();
  const data = Buffer.from(responseTo(new URL(config.url).searchParams.get('code')));
  return { data, status: 200, statusText: 'OK', headers: { 'content-type': 'text/plain' }, config };
}

/** Replaces wechat-oauth's `request`, whose callback receives the JSON that urllib parsed. */
export function urllibRequest(_url, options, callback) {
  void nextTurn().then(() => callback(null, JSON.parse(responseTo(options.data.code))));
}

/** A token response in WeChat's own sizes: openid and unionid of 28 characters, tokens of 107 to 110. */
function responseTo(code) {
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
