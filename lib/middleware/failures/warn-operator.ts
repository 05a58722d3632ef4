/** Failures that an operator can fix go to the console, once per cause, in production too. */
import type { WechatError } from '../../errors';
import type { Context } from '../context';

export function warnOperator({ config }: Context, error: WechatError): void {
  const isMissing = error.kind === 'session_missing';
  if (error.status !== 500 && !isMissing) return;
  config.warnings.once(
    isMissing && error.status === 500 ? 'WECHAT_NO_SESSION' : 'WECHAT_LOGIN_FAILED',
    `${error.kind}: ${error.message}`,
    // Each reason for a missing session has a message of its own.
    isMissing && error.status === 500 ? error.message : error.kind,
  );
}
