/** Failures that an operator can fix go to the console, once per cause, in production too. */
import type { Bilingual } from '../../bilingual';
import { isWeChatAPIError, type WechatError, type WechatErrorKind } from '../../errors';
import type { Context } from '../context';
import { PlatformTokenFailed } from '../../oauth/credentials';
import { ACCOUNT_FLOWS } from '../../oauth/flows';
import { inOneLine, OptionsError } from '../options/options-error';
import { whatHappened } from '../pages/what-happened';
import { keepTrace, placeOf, propertyOf, traceOf } from './app-trace';
import { HookFailed, HookTooLate } from './call-in-time';

/**
 * The kinds that the user who meets them cannot fix. `login_failed` is not among them: it is printed each
 * time, with its stack, where it occurs.
 */
const FOR_OPERATOR: ReadonlySet<WechatErrorKind> = new Set<WechatErrorKind>([
  'credentials',
  'rate_limit',
  'unknown',
  'timeout',
  'network',
  'bad_answer',
  'token_store',
  'config',
  'session_missing',
  'unionid_missing',
]);

/**
 * The kinds whose cause is the same for all accounts. One warning for each of a thousand accounts would use
 * up the warnings of this middleware.
 */
const OF_ALL_ACCOUNTS: ReadonlySet<WechatErrorKind> = new Set<WechatErrorKind>([
  'timeout',
  'network',
  'bad_answer',
  'token_store',
  'session_missing',
]);

export function warnOperator({ config }: Pick<Context, 'config'>, error: WechatError): void {
  if (!isForOperator(error)) return;
  if (isOfApp(error) && error.cause !== undefined && traceOf(error) === undefined)
    keepTrace(error, error.cause, secretsOf(config));
  const isMissing = error.kind === 'session_missing' && error.status === 500;
  const label = OF_ALL_ACCOUNTS.has(error.kind) ? '' : accountLabel(config);
  config.warnings.once(
    isMissing ? 'WECHAT_NO_SESSION' : 'WECHAT_LOGIN_FAILED',
    warningOf(error, label),
    // Each reason for a missing session has a message of its own.
    isMissing ? error.message : `${causeOf(error)}${label}`,
    { trace: traceOf(error), page: pageOf(error) },
  );
}

/** For a function of the app that failed, whatever the kind of the error. */
export function warnOfHook({ config }: Context, error: WechatError): void {
  const about = `${error.message} ${placeOf(error)}`;
  const details = { trace: traceOf(error), page: pageOf(error) };
  // Its kind may say that the user was refused, which is only what the failure leads to.
  const warning = { ...warningOf(error), zh: HOOK_FAILED_ZH };
  config.warnings.once('WECHAT_LOGIN_FAILED', warning, about, details);
}

const HOOK_FAILED_ZH = '应用传入的函数出错，或没有及时结束：请修复它。';

/** @param label more about the failure, such as the account that it concerns */
export function warningOf(error: WechatError, label = ''): Bilingual {
  const { kind, remedy } = error;
  const message =
    error instanceof OptionsError
      ? inOneLine(error)
      : // The message of an error of WeChat's ends with the remedy in Chinese.
        error.message.replace(` ${remedy.zh}`, '');
  return {
    en: `${kind}: ${message}${label}`,
    zh: isOfApp(error) ? HOOK_FAILED_ZH : `${whatHappened(error)}。${remedy.zh}`,
  };
}

/** The page that explains the error. */
export function pageOf({ kind }: WechatError): string {
  return `errors.md#${kind}`;
}

/**
 * Whether a function of the app failed. In production, what it threw is in no response, so the console has to
 * show it.
 */
function isOfApp(error: WechatError): boolean {
  return [HookFailed, HookTooLate, PlatformTokenFailed].some((each) => error instanceof each);
}

function secretsOf({ accounts }: Context['config']): (string | undefined)[] {
  return ACCOUNT_FLOWS.map((flow) => accounts[flow]?.oauth.appsecret);
}

/** Names the account that the failure concerns, if the app serves many accounts. */
function accountLabel({ byRequest, accounts }: Context['config']): string {
  const appids = byRequest ? ACCOUNT_FLOWS.flatMap((flow) => accounts[flow]?.appid ?? []) : [];
  return appids.length > 0 ? ` (account ${appids.join(', ')})` : '';
}

function isForOperator(error: WechatError): boolean {
  // 48001: the account lacks the permission. Other errors of kind `scope` are decisions of the user.
  if (error.kind === 'scope') return isWeChatAPIError(error);
  // With status 400 the request is at fault, such as a forged Host header.
  return FOR_OPERATOR.has(error.kind) && error.status >= 500;
}

/**
 * The detail that distinguishes two causes of one kind: WeChat's errcode, or the code of the failed
 * connection or call.
 */
function causeOf(error: WechatError): string {
  // Each fault in what the option `account` returned is a cause of its own.
  if (error instanceof OptionsError) return error.message;
  const code = isWeChatAPIError(error) ? error.code : propertyOf(error.cause, 'code');
  const isShort = typeof code === 'number' || (typeof code === 'string' && code.length <= 60);
  // Anybody can cause other errors of kind `config`, such as a request that belongs to no account.
  const what = isOfApp(error) ? `${error.message} ${placeOf(error)}` : error.kind;
  return isShort ? `${what} ${code}` : what;
}
