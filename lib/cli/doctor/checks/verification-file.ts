/** The file by which WeChat's console makes sure whose domain it is. */
import { UnreachableError, type ProbeRequest } from '../probe/http-probe';
import { failed, ok, warning, type Finding } from '../report/check-list';
import { WECHAT_CLIENT } from '../probe/user-agents';
import { CONSOLES } from '../report/consoles';
import { ProbeBrowser, type Site } from '../probe/site';
import { bilingual } from '../report/bilingual';

const ID = 'verification-file';

const SERVE = bilingual(
  "Give wechatAuth({ verificationFiles: { 'MP_verify_….txt': '…' } }), mounted at the root; or put the file there unchanged.",
  "请在根路径挂载 wechatAuth({ verificationFiles: { 'MP_verify_….txt': '…' } })，或原样放置该文件。",
);

/** @param file its name, or its path where the console names a path */
export async function checkVerificationFile(
  site: Site,
  file: string,
  question: ProbeRequest,
): Promise<Finding> {
  const path = file.startsWith('/') ? file : `/${file}`;
  try {
    const { status, headers, body } = await new ProbeBrowser(site, WECHAT_CLIENT, question).get(
      new URL(path, site.public.origin),
    );
    const type = headers['content-type'] ?? '';
    if (status !== 200)
      return failed(ID, bilingual(`${path} answers HTTP ${status}`, `${path} 返回 HTTP ${status}`), SERVE);
    if (/html/i.test(type) || /^\s*</.test(body))
      return failed(ID, bilingual(`${path} is an HTML page`, `${path} 是 HTML 页面`), SERVE);
    return judge(path, body, type);
  } catch (error) {
    if (error instanceof UnreachableError) return failed(ID, error.detail, error.remedy);
    throw error;
  }
}

function judge(path: string, body: string, type: string): Finding {
  const expected = /\/MP_verify_([A-Za-z\d]+)\.txt$/.exec(path)?.[1];
  if (expected !== undefined && body !== expected && body.trim() === expected)
    return warning(
      ID,
      bilingual(`${path} has a blank or a line break around its text`, `${path} 的内容前后有空白或换行`),
      bilingual('Put the file there unchanged, as it was downloaded.', '请原样放置下载的文件。'),
    );
  if (expected !== undefined && body !== expected)
    return failed(
      ID,
      bilingual(
        `${path} holds ${body.length} other characters than those of its name`,
        `${path} 的内容（${body.length} 个字符）与文件名中的不同`,
      ),
      bilingual(
        `Download the file anew, and put it there unchanged: ${CONSOLES.official.callbackDomain}.`,
        `请重新下载并原样放置：${CONSOLES.official.callbackDomain}。`,
      ),
    );
  if (!/^text\/plain\b/i.test(type))
    return warning(
      ID,
      bilingual(
        `${path} comes as ${type.slice(0, 40) || 'no type'}`,
        `${path} 的类型是 ${type.slice(0, 40) || '（无）'}`,
      ),
      bilingual('Serve it as text/plain.', '请以 text/plain 提供。'),
    );
  return ok(ID, bilingual(path, path));
}
