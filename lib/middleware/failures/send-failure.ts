/** The one way in which a request ends without what it asked for: the app's onError, else a page, else JSON. */
import { isWechatError, type WechatError } from '../../errors';
import { warnOperator } from './diagnosis';
import { wantsPage } from '../http/request';
import { sendErrorPage, wordsFor, type ErrorPage } from '../pages/error-page';
import { type Context } from '../context';
import { noStore, sendJSON, vary } from '../http/response';
import { routePath, returnToOrDefault } from '../addresses';

export interface FailureDetails {
  /** Where the login was to end. */
  readonly returnTo?: string;
  readonly causes?: ErrorPage['causes'];
}

/** An error that is not ours goes on to the app's own error handler. */
export async function sendFailure(
  context: Context,
  error: unknown,
  refusal: FailureDetails = {},
): Promise<void> {
  const { req, res, next, config } = context;
  if (!isWechatError(error) || res.headersSent) {
    next(asError(error));
    return;
  }
  warnOperator(context, error);
  noStore(res);
  if (!config.onError) {
    sendPageOrJSON(context, error, refusal);
    return;
  }
  try {
    await config.onError(error, req, res, next);
  } catch (thrown) {
    next(asError(thrown));
  }
}

/** To Express and Connect, an empty error or the word "route" is none: they would go on as if all were well. */
function asError(thrown: unknown): unknown {
  if (typeof thrown === 'object' && thrown !== null) return thrown;
  return new Error('A hook of wechatAuth() threw something that is no error.', { cause: thrown });
}

function sendPageOrJSON(context: Context, error: WechatError, { returnTo, causes }: FailureDetails): void {
  const { req, res } = context;
  vary(res, 'Accept', 'Sec-Fetch-Mode', 'X-Requested-With');
  if (wantsPage(req)) {
    sendErrorPage(req, res, error, {
      retry: retryURL(context, error, returnTo),
      home: returnToOrDefault(context, undefined),
      causes,
    });
  } else {
    sendJSON(res, error.status, { error: error.kind, message: wordsFor(req, error) });
  }
}

/** There is no use in trying again what the operator must mend. */
function retryURL(context: Context, error: WechatError, returnTo: string | undefined): string | undefined {
  const login = routePath(context, 'login');
  const isVain = error.status === 500 || error.kind === 'forbidden' || error.kind === 'snapshot_user';
  if (login === undefined || isVain) return undefined;
  return returnTo ? `${login}?returnTo=${encodeURIComponent(returnTo)}` : login;
}
