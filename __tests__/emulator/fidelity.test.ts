// Every documented or observed fact about WeChat that can be seen from outside, checked over real HTTP.
import { accessTokenFacts } from './facts/access-token';
import { answerFacts } from './facts/answers';
import { authorizeFacts } from './facts/authorize';
import type { Fact } from './facts/fact';
import { jscode2sessionFacts } from './facts/jscode2session';
import { qrconnectFacts } from './facts/qrconnect';
import { tokenFacts } from './facts/tokens';
import { EmulatorClient } from './support/emulator-client';

const chapters: readonly (readonly [string, readonly Fact[]])[] = [
  ['every answer of /sns', answerFacts],
  ['the authorize page', authorizeFacts],
  ['the QR login', qrconnectFacts],
  ['the code exchange', accessTokenFacts],
  ['refresh, auth, userinfo', tokenFacts],
  ['mini programs', jscode2sessionFacts],
];

describe.each(chapters)('WeChat: %s', (_, facts) => {
  it.each(facts.map((fact) => [`${fact.source} ${fact.title}`, fact] as const))('%s', async (_says, fact) => {
    const client = await EmulatorClient.start(fact.options);
    try {
      await fact.check(client);
    } finally {
      await client.wechat.close();
    }
  });
});

it('checks as many facts as the docs claim', () => {
  const all = chapters.flatMap(([, facts]) => facts);
  const count = (mark: Fact['source']): number => all.filter((fact) => fact.source === mark).length;
  expect({ DOC: count('DOC'), OBS: count('OBS') }).toEqual({ DOC: 67, OBS: 79 });
});
