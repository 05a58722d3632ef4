'use strict';
// One of several processes that use the same OAuth, as an app would run it: the built package, and its own
// Redis client.
const { createClient } = require('redis');
const { OAuth, RedisTokenStore } = require('../../dist');

const { redis, oauth: options } = JSON.parse(process.env.TEST_PROCESS);

async function main() {
  const client = createClient({ url: redis }).on('error', () => undefined);
  await client.connect();
  const oauth = new OAuth({ ...options, tokenStore: new RedisTokenStore(client) });
  const getToken = async (openid) => {
    try {
      return { token: (await oauth.getValidAccessToken(openid)).data.access_token };
    } catch (error) {
      return { kind: error.kind ?? String(error) };
    }
  };
  process.on('message', async ({ openid, times }) => {
    process.send(await Promise.all(Array.from({ length: times }, () => getToken(openid))));
  });
  process.send('ready');
}

void main();
