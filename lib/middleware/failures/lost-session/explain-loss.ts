/** Names the cause of a lost login on the console, once for each cause. */
import { restartsOf } from '../../state/pending-logins';
import type { Context } from '../../context';
import { causeOfLoss } from './cause-of-loss';
import type { Cause } from './causes';

/** Called for a callback whose login the session does not hold, before the session changes. */
export function explainLoss(context: Context, state: string): Cause | undefined {
  const isRepeated = restartsOf(state) !== 0;
  const cause = causeOfLoss(context, state, isRepeated);
  if (cause) warnOfCause(context, 'A login was lost', cause);
  return cause;
}

export function warnOfCause({ config }: Context, consequence: string, cause: Cause): void {
  const { id, warning, what, remedy } = cause;
  config.warnings.once(warning, `${consequence}: ${what.en}. ${remedy.en}`, id);
}
