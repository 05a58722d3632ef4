/**
 * The file (MP_verify_….txt) that WeChat's console fetches from a callback domain before it accepts the
 * domain.
 */
import { isSafe, pathOf } from './http/request';
import { type Context } from './context';
import { send } from './http/response';
import { publicMount } from './addresses';

/** Serves a verification file if one was requested. Returns whether it did. */
export function serveVerificationFile(context: Context): boolean {
  const { req, res, config } = context;
  if (config.verificationFiles.size === 0) return false;
  warnOfMount(context);
  const content = config.verificationFiles.get(pathOf(req.url ?? '/'));
  if (content === undefined || !isSafe(req)) return false;
  res.statusCode = 200;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  send(res, content);
  return true;
}

/**
 * Warns on the first request of any kind: if WeChat looks in the wrong place, its own request never reaches
 * us.
 */
function warnOfMount(context: Context): void {
  const mount = publicMount(context);
  if (mount === '') return;
  context.config.warnings.once(
    'WECHAT_VERIFICATION_FILE',
    `The verification files are served below ${mount}, but WeChat looks for them at the root of the callback domain, ` +
      'unless the console names a path there. Mount wechatAuth() at the root.',
  );
}
