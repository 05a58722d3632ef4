// Plays random attacks on a victim's account against an app of one process and an app of two. README.md says
// how to play more of them. The tests also take away each rule in attacker/removals.ts: then an attack must
// succeed.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { hasRedis } from '../support/redis';
import { SESSION_NAMES } from '../support/sessions';
import { attack, type Action } from './attacker/actions';
import { Attack } from './attacker/attack';
import type { Target } from './attacker/people';
import { REMOVALS, type Edit } from './attacker/removals';
import { IS_REPLAY, REPLAY, reportOf, RUNS } from './shared';
import { endProcesses, startTarget, type StartedTarget } from './attacker/targets';

const TIME_LIMIT = 120_000 + RUNS * 4_000;
/** In four measurements of each removal, one of the first 40 attacks succeeded. The seeds are random. */
const RUNS_WITHOUT_A_RULE = 500;
const TIME_LIMIT_WITHOUT_A_RULE = 600_000;

/** Plays random attacks until one succeeds. Without `endOnFailure`, that one is made as short as possible. */
async function playAttacks(target: Target, parameters: fc.Parameters<[Action[]]>) {
  const logins: [onPhone: number, onPC: number] = [0, 0];
  const property = fc.asyncProperty(attack, async (actions) => {
    const [onPhone, onPC] = await Attack.play(target, actions);
    logins[0] += onPhone;
    logins[1] += onPC;
  });
  const details = await fc.check(property, {
    ...parameters,
    ...REPLAY,
  });
  return { details, logins };
}

afterAll(endProcesses);

const COUNTS = hasRedis() ? ([1, 2] as const) : ([1] as const);
const TARGETS = COUNTS.flatMap((count) => SESSION_NAMES.map((sessions) => ({ count, sessions })));

describe.each(TARGETS)('at $count process(es), with $sessions,', ({ count, sessions }) => {
  let target: StartedTarget | undefined;
  afterEach(() => target?.close());

  const start = async (edits: readonly Edit[] = []): Promise<StartedTarget> => {
    target = await startTarget(count, sessions, edits);
    return target;
  };

  it(
    'no attacker gets into the victim’s account, and no account is swapped',
    async () => {
      const { details, logins } = await playAttacks(await start(), { numRuns: RUNS });
      if (details.failed) {
        const test = `at ${count} process\\(es\\), with ${sessions}, no attacker`;
        throw new Error(await reportOf(details, { file: 'attacker.test.ts', test }));
      }
      // A replay of one attack may have no login.
      if (!IS_REPLAY) for (const each of logins) expect(each).toBeGreaterThan(0);
    },
    TIME_LIMIT,
  );

  const removals = REMOVALS.filter(({ onlyWith = sessions }) => onlyWith === sessions);
  it.each(removals)(
    'an attack succeeds without the rule that $rule',
    async ({ edits, finds }) => {
      const { details } = await playAttacks(await start(edits), {
        numRuns: RUNS_WITHOUT_A_RULE,
        endOnFailure: true,
      });
      expect(String(details.errorInstance)).toMatch(finds);
    },
    TIME_LIMIT_WITHOUT_A_RULE,
  );
});

it.each(REMOVALS)('the package has the code of the rule that $rule', ({ edits }) => {
  for (const { file, code } of edits) {
    const source = readFileSync(path.join(__dirname, '../../dist', file), 'utf8');
    expect(source.split(code)).toHaveLength(2);
  }
});
