// Runs one of the packages that memory.mjs compares: logs in a new user each time, and measures the memory.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { axiosAdapter, codeOf, openidOf, urllibRequest } from './parts/stub-wechat.mjs';

const APPID = 'wx0123456789abcdef';
const APPSECRET = '0123456789abcdef0123456789abcdef';
/** The heap is measured after these shares of all logins. */
const POINTS = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1];

/** Each with its default store; only WeChat is replaced, by a stub in memory. */
const CONTENDERS = {
  async 'express-wechat-auth'() {
    const { OAuth } = await import('express-wechat-auth');
    return new OAuth({ appid: APPID, appsecret: APPSECRET, http: { adapter: axiosAdapter } });
  },

  async 'wechat-oauth'() {
    const { default: OAuth } = await import('wechat-oauth');
    const oauth = new OAuth(APPID, APPSECRET);
    oauth.request = urllibRequest;
    return oauth;
  },
};

const [name, count] = process.argv.slice(2);
console.log(JSON.stringify(await measure(await CONTENDERS[name](), Number(count))));

async function measure(oauth, logins) {
  const logIn = promisify(oauth.getAccessToken.bind(oauth));
  const stops = new Set(POINTS.map((part) => Math.ceil(part * logins)));
  const samples = [];
  const start = await memory();
  for (let user = 1; user <= logins; user++) {
    await logIn(codeOf(user));
    if (!stops.has(user)) continue;
    samples.push({ done: user, ...(await memory()) });
    console.error(`${name}: ${user} of ${logins} logins`);
  }
  return { start, samples, end: samples.at(-1), held: await countHeld(oauth, logins) };
}

/** Memory after garbage collection, in bytes. It runs three times, because finalizers run one turn later. */
async function memory() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await nextTurn();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed, external, rss };
}

/** How many users' tokens the store still holds. Fails if it lacks the last one: then it stored none. */
async function countHeld(oauth, logins) {
  const getToken = promisify(oauth.getToken.bind(oauth));
  let count = 0;
  for (let user = 1; user <= logins; user++) {
    const token = await getToken(openidOf(user));
    if (token?.openid === openidOf(user)) count++;
    else if (user === logins) throw new Error('The token of the last login was not saved.');
  }
  return count;
}
