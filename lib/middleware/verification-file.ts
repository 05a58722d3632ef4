/** WeChat's console asks for a file at the callback domain before it takes it (MP_verify_….txt). */
import { pathOf, send } from './http';
import type { Visit } from './visit';

/** Serves the file of this request, if it is one. */
export function serveVerificationFile({ req, res, settled, mount }: Visit): boolean {
  const content = settled.verificationFiles.get(pathOf(req.url ?? '/'));
  if (content === undefined || (req.method !== 'GET' && req.method !== 'HEAD')) return false;
  if (mount !== '') {
    settled.warnings.once(
      'WECHAT_VERIFICATION_FILE',
      `A verification file is served below ${mount}, but WeChat looks for it at the root of the callback domain, unless a path is configured there. Mount wechatAuth() at the root.`,
    );
  }
  res.statusCode = 200;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  send(res, content);
  return true;
}
