/**
 * What an app chooses for one login. It has a file of its own, because npm packs the declarations of
 * everything that the file of a public type imports.
 */
import type { AuthorizeParams } from '../../oauth/endpoints';
import type { PageFlow } from '../../oauth/flows';

/** Options of one login. */
export interface WechatLoginOptions {
  /**
   * Where the login ends: a path of this app, with query and fragment, at most 512 bytes. An unsafe path is
   * replaced by the default.
   *
   * @default the option `returnTo` of `wechatAuth()`
   */
  readonly returnTo?: string | undefined;
  /**
   * The scope of this login with the official account: `snsapi_base` or `snsapi_userinfo`, also if it is
   * lower than the option `scope`. Any other value is ignored.
   *
   * @default the option `scope` of `wechatAuth()`
   */
  readonly scope?: string | undefined;
  /** The flow to use, whichever browser sent the request. */
  readonly flow?: PageFlow | undefined;
  /**
   * More parameters of WeChat's page, such as `{ forcePopup: true }`. A login that is restarted after a
   * failure does not have them.
   */
  readonly params?: AuthorizeParams | undefined;
  /**
   * Comes back in `onLogin`: at most 512 bytes of JSON, kept in the session until then. It stays in this
   * session: a link on an error page that starts the login again carries it, and no other session can use
   * that link. If the session loses the login, another process restarts it without its data, which it does
   * not know. So `onLogin` must refuse a login whose `data` is undefined wherever data decides, such as
   * whether to bind an account.
   */
  readonly data?: unknown;
}
