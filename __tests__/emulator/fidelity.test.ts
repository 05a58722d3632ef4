// The emulator behaves as every documented or observed fact about WeChat says. The checks use real HTTP.
import { ACCOUNT_FACTS } from './facts/account';
import { COMPONENT_FACTS } from './facts/component';
import { ACCESS_TOKEN_FACTS } from './facts/access-token';
import { RESPONSE_FACTS } from './facts/responses';
import { AUTHORIZE_FACTS } from './facts/authorize';
import type { Fact } from './facts/fact';
import { JSCODE2SESSION_FACTS } from './facts/jscode2session';
import { QRCONNECT_FACTS } from './facts/qrconnect';
import { TOKEN_FACTS } from './facts/tokens';
import { useEmulatorClient } from './support/emulator-client';

const startClient = useEmulatorClient();

const CHAPTERS: readonly (readonly [string, readonly Fact[]])[] = [
  ['every response of /sns', RESPONSE_FACTS],
  ['the authorize page', AUTHORIZE_FACTS],
  ['the QR code login', QRCONNECT_FACTS],
  ['the code exchange', ACCESS_TOKEN_FACTS],
  ['refresh, auth, userinfo', TOKEN_FACTS],
  ['mini programs', JSCODE2SESSION_FACTS],
  ['third-party platforms', COMPONENT_FACTS],
  ['tokens and tickets of accounts', ACCOUNT_FACTS],
];

describe.each(CHAPTERS)('WeChat: %s', (_, facts) => {
  it.each(facts.map((fact) => [`${fact.source} ${fact.title}`, fact] as const))(
    '%s',
    async (_title, fact) => {
      await fact.check(await startClient(fact.options));
    },
  );
});

it('checks as many facts as docs/emulator.md says', () => {
  const all = CHAPTERS.flatMap(([, facts]) => facts);
  const count = (source: Fact['source']): number => all.filter((fact) => fact.source === source).length;
  expect({ DOC: count('DOC'), OBS: count('OBS') }).toEqual({ DOC: 79, OBS: 83 });
});
