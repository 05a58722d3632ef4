// One contender of memory.mjs, in a process of its own: logs fresh users in, one after another, and measures.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { answerAxios, answerUrllib, codeOf, openidOf } from './parts/played.mjs';

const APPID = 'wx0123456789abcdef';
const APPSECRET = '0123456789abcdef0123456789abcdef';
/** Where the heap is measured on the way, as parts of all logins. */
const POINTS = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1];

/** Each with its default store; only WeChat is played, in memory. */
const CONTENDERS = {
  async 'express-wechat-auth'() {
    const { OAuth } = await import('express-wechat-auth');
    return new OAuth({ appid: APPID, appsecret: APPSECRET, http: { adapter: answerAxios } });
  },

  async 'wechat-oauth'() {
    const { default: OAuth } = await import('wechat-oauth');
    const oauth = new OAuth(APPID, APPSECRET);
    oauth.request = answerUrllib;
    return oauth;
  },
};

const [name, count] = process.argv.slice(2);
console.log(JSON.stringify(await measure(await CONTENDERS[name](), Number(count))));

async function measure(oauth, logins) {
  const logIn = promisify(oauth.getAccessToken.bind(oauth));
  const stops = new Set(POINTS.map((part) => Math.ceil(part * logins)));
  const course = [];
  const start = await memory();
  for (let user = 1; user <= logins; user++) {
    await logIn(codeOf(user));
    if (!stops.has(user)) continue;
    course.push({ done: user, ...(await memory()) });
    console.error(`${name}: ${user} of ${logins} logins`);
  }
  return { start, course, end: course.at(-1), held: await held(oauth, logins) };
}

/** What is left when all garbage is gone; what finalizers free goes a turn later. */
async function memory() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await nextTurn();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed, external, rss };
}

/** How many of the users the store still knows. The last one it must know, or the logins were none. */
async function held(oauth, logins) {
  const saved = promisify(oauth.getToken.bind(oauth));
  let known = 0;
  for (let user = 1; user <= logins; user++) {
    const token = await saved(openidOf(user));
    if (token?.openid === openidOf(user)) known++;
    else if (user === logins) throw new Error('The token of the last login was not saved.');
  }
  return known;
}
