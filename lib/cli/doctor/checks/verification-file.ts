/** Checks the file by which WeChat verifies the owner of a domain. */
import { FLOWS } from '../../../oauth/flows';
import { bilingual } from '../../bilingual';
import { UnreachableError, type ProbeLimits } from '../probe/http-probe';
import { ProbeBrowser } from '../probe/probe-browser';
import type { Site } from '../probe/site';
import { WECHAT_CLIENT } from '../probe/user-agents';
import { failed, ok, skipped, warning, type Finding } from '../report/check-list';
import { untrustedText } from '../report/untrusted-text';

const ID = 'verification-file';

/**
 * @param site undefined if the address of the app is not known
 * @param file its name, or its path if the console names a path
 */
export async function checkVerificationFile(
  site: Site | undefined,
  file: string,
  limits: ProbeLimits,
): Promise<Finding> {
  if (!site) return skipped(ID, TEXTS.noAddress);
  const path = file.startsWith('/') ? file : `/${file}`;
  try {
    const browser = new ProbeBrowser(site, WECHAT_CLIENT, limits);
    const { status, headers, body } = await browser.get(new URL(path, site.public.origin));
    const type = headers['content-type'] ?? '';
    if (status !== 200) return failed(ID, TEXTS.notServed(path, status));
    if (/html/i.test(type) || body.trimStart().startsWith('<')) return failed(ID, TEXTS.page(path));
    return judge(path, body, type);
  } catch (error) {
    if (error instanceof UnreachableError) return failed(ID, error);
    throw error;
  }
}

function judge(path: string, body: string, type: string): Finding {
  const content = /\/MP_verify_([A-Za-z\d]+)\.txt$/.exec(path)?.[1];
  if (content !== undefined && body !== content)
    return body.trim() === content
      ? warning(ID, TEXTS.space(path))
      : failed(ID, TEXTS.otherContent(path, body.length));
  return /^text\/plain\b/i.test(type)
    ? ok(ID, bilingual(path, path))
    : warning(ID, TEXTS.otherType(path, untrustedText(type, 40)));
}

const SERVE = bilingual(
  "Give wechatAuth({ verificationFiles: { 'MP_verify_….txt': '…' } }), mounted at the root; " +
    'or serve the file unchanged at this path.',
  "请在根路径挂载 wechatAuth({ verificationFiles: { 'MP_verify_….txt': '…' } })，或原样提供该文件。",
);

const TEXTS = {
  noAddress: bilingual(
    'not checked: give --url, or a --base-url without a fault',
    '未检查：请给出 --url，或没有错误的 --base-url',
  ),
  notServed: (path: string, status: number) => ({
    detail: bilingual(`${path} responds with HTTP ${status}`, `${path} 返回 HTTP ${status}`),
    remedy: SERVE,
  }),
  page: (path: string) => ({
    detail: bilingual(`${path} is an HTML page`, `${path} 是 HTML 页面`),
    remedy: SERVE,
  }),
  space: (path: string) => ({
    detail: bilingual(
      `${path} has a space or a line break around its text`,
      `${path} 的内容前后有空白或换行`,
    ),
    remedy: bilingual('Serve the file unchanged, as you downloaded it.', '请原样提供下载的文件。'),
  }),
  otherContent: (path: string, length: number) => ({
    detail: bilingual(
      `the content of ${path} (${length} characters) is not the code in its name`,
      `${path} 的内容（${length} 个字符）与文件名中的不同`,
    ),
    remedy: bilingual(
      `Download the file again, and serve it unchanged: ${FLOWS.official.consoleMenu.callbackDomain}.`,
      `请重新下载，并原样提供：${FLOWS.official.consoleMenu.callbackDomain}。`,
    ),
  }),
  otherType: (path: string, type: string) => ({
    detail: bilingual(
      `the type of ${path} is ${type || 'not given'}`,
      `${path} 的类型是 ${type || '（无）'}`,
    ),
    remedy: bilingual('Serve it as text/plain.', '请以 text/plain 提供。'),
  }),
};
