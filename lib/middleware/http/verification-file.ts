/**
 * The file (MP_verify_….txt) that WeChat's console fetches from a callback domain before it accepts the
 * domain.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Warnings } from '../../warnings';
import { isSafeMethod, pathOf } from './request';
import { send } from './response';

interface ServedFiles {
  /** Path below the mount point → content. */
  readonly files: ReadonlyMap<string, string>;
  /** The path below which browsers find them. */
  readonly mount: () => string;
  readonly warnings: Warnings;
  /** The middleware that serves them, for the warning. */
  readonly middleware: string;
}

/** The option `verificationFiles` by path. */
export function fileMap(files: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> {
  return new Map(Object.entries(files).map(([name, content]) => [`/${name}`, content]));
}

/** Serves a verification file if one was requested. Returns whether it did. */
export function serveVerificationFile(
  req: IncomingMessage,
  res: ServerResponse,
  served: ServedFiles,
): boolean {
  warnOfMount(served);
  const content = served.files.get(pathOf(req.url ?? '/'));
  if (content === undefined || !isSafeMethod(req)) return false;
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
function warnOfMount({ mount, warnings, middleware }: ServedFiles): void {
  const path = mount();
  if (path === '') return;
  warnings.once('WECHAT_VERIFICATION_FILE', {
    en:
      `The verification files are served below ${path}, but WeChat looks for them at the root of the callback ` +
      `domain, unless the console names a path there. Mount ${middleware} at the root.`,
    zh: `验证文件在 ${path} 之下，微信却到根路径读取。请把 ${middleware} 挂载在根路径，或在微信后台填写该路径。`,
  });
}
