/** Names the cause of a lost login on the console, once for each cause. */
import type { Bilingual } from '../../../bilingual';
import { restartsOf } from '../../state/pending-logins';
import type { Context } from '../../context';
import { causeOfLoss } from './cause-of-loss';
import { CAUSES, type Cause } from './causes';
import { areDifferentHosts, hostname, requestedHost } from './evidence';

/** Called for a callback whose login the session does not hold, before the session changes. */
export function explainLoss(context: Context, state: string): Cause | undefined {
  const isRepeated = restartsOf(state) !== 0;
  const cause = causeOfLoss(context, state, isRepeated);
  if (cause) warnOfCause(context, LOST, cause);
  return cause;
}

/**
 * Called for a scan login that the session does not hold any more: of the PC, which polls for it, or of the
 * phone. Another process may have started it.
 */
export function explainScanLoss(context: Context): void {
  const cause = causeOfLoss(context, '', true);
  if (cause) warnOfCause(context, LOST, cause);
}

const LOST = { en: 'A login was lost', zh: '登录丢失' };

/**
 * Called for a callback whose login started with another account. If it started at another host, `baseURL`
 * has brought the browser here.
 */
export function explainOtherAccount(context: Context, state: string): void {
  const { req, config } = context;
  const start = config.sessionWatch.startOf(state);
  if (!start || !config.base) return;
  const [from, to] = [hostname(start.host), hostname(requestedHost(req))];
  if (!areDifferentHosts(from, to)) return;
  const cause = CAUSES.navigation.hostOfOtherAccount({ from, to });
  warnOfCause(context, LOST, cause);
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
