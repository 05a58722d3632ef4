// The tokens that the emulator has issued: how many it keeps, and when a client is told that some are forgotten.
import { OffsetClock } from '../../../lib/emulator/world/clock';
import { IssuedTokens } from '../../../lib/emulator/world/credentials/tokens';

const KEPT = 50_000;

describe('a line says that access tokens are forgotten, although their refresh tokens are kept', () => {
  const grant = {} as Parameters<IssuedTokens['issue']>[0];

  /** The lines, as the number of tokens that each of them names. */
  function linesWith(oldest: 'valid' | 'expired'): number[] {
    const lines: number[] = [];
    const tokens = new IssuedTokens(new OffsetClock(), (most) => lines.push(most));
    const first = tokens.issue(grant);
    if (oldest === 'expired') tokens.expire(first.accessToken);
    const other = tokens.issue(grant);
    // A refresh of an expired access token adds one, and no refresh token.
    for (let issued = 2; issued < KEPT; issued += 1) {
      tokens.expire(other.accessToken);
      tokens.refresh(other, false);
    }
    expect([tokens.byAccessToken(first.accessToken), lines]).toEqual([first, []]);
    tokens.issue(grant);
    expect(tokens.byAccessToken(first.accessToken)).toBeUndefined();
    expect(tokens.byRefreshToken(first.refreshToken)).toBe(first);
    return lines;
  }

  it('if the oldest one is still valid', () => {
    expect(linesWith('valid')).toEqual([KEPT]);
  });

  it('and not if the oldest one has expired', () => {
    expect(linesWith('expired')).toEqual([]);
  });
});
