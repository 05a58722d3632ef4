/** Names the cause of a lost login on the console, once for each cause. */
import type { Bilingual } from '../../../bilingual';
import { restartsOf } from '../../state/pending-logins';
import type { Context } from '../../context';
import { causeOfLoss } from './cause-of-loss';
import type { Cause } from './causes';

/** Called for a callback whose login the session does not hold, before the session changes. */
export function explainLoss(context: Context, state: string): Cause | undefined {
  const isRepeated = restartsOf(state) !== 0;
  const cause = causeOfLoss(context, state, isRepeated);
  if (cause) warnOfCause(context, { en: 'A login was lost', zh: '登录丢失' }, cause);
  return cause;
}

export function warnOfCause({ config }: Context, consequence: Bilingual, cause: Cause): void {
  const { id, warning, what, remedy } = cause;
  config.warnings.once(
    warning,
    {
      en: `${consequence.en}: ${what.en}. ${remedy.en}`,
      zh: `${consequence.zh}：${what.zh}。${remedy.zh}`,
    },
    id,
  );
}
