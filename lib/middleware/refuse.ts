/** The one way in which a request ends without what it asked for: the app's onError, else a page, else JSON. */
import { isWechatError, type WechatError } from '../errors';
import { noStore, sendJSON, vary, wantsPage } from './http';
import { sendErrorPage, type ErrorPage } from './pages/error-page';
import { routePath, wayBack, type Visit } from './visit';

export interface Refusal {
  /** Where the login was to end. */
  readonly returnTo?: string;
  readonly causes?: ErrorPage['causes'];
}

/** An error that is not ours goes on to the app's own error handler. */
export async function refuse(visit: Visit, error: unknown, refusal: Refusal = {}): Promise<void> {
  const { req, res, next, settled } = visit;
  if (!isWechatError(error) || res.headersSent) {
    next(error);
    return;
  }
  tellOperator(visit, error);
  noStore(res);
  if (!settled.onError) {
    answer(visit, error, refusal);
    return;
  }
  try {
    await settled.onError(error, req, res, next);
  } catch (thrown) {
    next(thrown ?? error);
  }
}

function answer(visit: Visit, error: WechatError, { returnTo, causes }: Refusal): void {
  const { req, res } = visit;
  vary(res, 'Accept', 'Sec-Fetch-Mode', 'X-Requested-With');
  if (wantsPage(req)) {
    sendErrorPage(req, res, error, {
      retry: retryURL(visit, error, returnTo),
      home: wayBack(visit, undefined),
      causes,
    });
  } else {
    sendJSON(res, error.status, { error: error.kind, message: error.message });
  }
}

/** There is no use in trying again what the operator must mend. */
function retryURL(visit: Visit, error: WechatError, returnTo: string | undefined): string | undefined {
  const login = routePath(visit, 'login');
  if (
    login === undefined ||
    error.status === 500 ||
    error.kind === 'forbidden' ||
    error.kind === 'snapshot_user'
  )
    return undefined;
  return returnTo ? `${login}?returnTo=${encodeURIComponent(returnTo)}` : login;
}

/** What only the operator can mend is said on the console too, once a kind: the person at the browser cannot help it. */
function tellOperator({ settled }: Visit, error: WechatError): void {
  if (error.status === 500)
    settled.warnings.once('WECHAT_LOGIN_FAILED', `${error.kind}: ${error.message}`, error.kind);
}
