/** WeChat's console asks for a file at the callback domain before it takes it (MP_verify_….txt). */
import { isSafe, pathOf } from './http/request';
import { type Visit } from './context';
import { send } from './http/response';
import { publicMount } from './addresses';

/** Serves the file of this request, if it is one. */
export function serveVerificationFile(visit: Visit): boolean {
  const { req, res, settled } = visit;
  if (settled.verificationFiles.size === 0) return false;
  warnOfMount(visit);
  const content = settled.verificationFiles.get(pathOf(req.url ?? '/'));
  if (content === undefined || !isSafe(req)) return false;
  res.statusCode = 200;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  send(res, content);
  return true;
}

/** With the first request of any kind: where WeChat asks for the file in vain, nothing reaches us. */
function warnOfMount(visit: Visit): void {
  const mount = publicMount(visit);
  if (mount === '') return;
  visit.settled.warnings.once(
    'WECHAT_VERIFICATION_FILE',
    `The verification files are served below ${mount}, but WeChat looks for them at the root of the callback domain, unless the console names a path there. Mount wechatAuth() at the root.`,
  );
}
