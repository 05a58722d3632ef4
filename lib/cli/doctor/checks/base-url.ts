/** Checks the public address of the app against the rules of WeChat's consoles. */
import { addressFaults } from '../../../middleware/options/callback-domain';
import { bilingual, type Bilingual } from '../../bilingual';
import { failed, ok, skipped, warning, type Finding } from '../report/check-list';
import { findStray } from './stray-characters';

const ID = 'base-url';

/** @param usesRealPages whether WeChat's own pages check the callback domain; an emulator accepts more */
export function checkBaseURL(baseURL: string | undefined, usesRealPages: boolean): Finding {
  if (baseURL === undefined) return usesRealPages ? warning(ID, TEXTS.missing) : skipped(ID, TEXTS.notGiven);
  // A host name may have letters of any script, so they are not stray. `addressFaults` checks them.
  const stray = findStray(baseURL.replace(/\p{L}/gu, 'x'));
  const faults = addressFaults(baseURL, usesRealPages);
  if (!stray && faults.length === 0) return ok(ID, bilingual(baseURL, baseURL));
  const fault = {
    detail: list([...(stray ? [stray] : []), ...faults.map(({ what }) => what)]),
    remedy: sentences([...(stray ? [TEXTS.removeStray] : []), ...faults.flatMap(({ remedy }) => remedy)]),
  };
  // Stray characters alone are only a warning: the URL parser ignores them, and the app works.
  return faults.every(({ isWarning }) => isWarning) ? warning(ID, fault) : failed(ID, fault);
}

/** The public address; undefined if none is given, or if it has a fault. */
export function usableBase({ baseURL }: { readonly baseURL: string | undefined }): URL | undefined {
  return baseURL !== undefined && addressFaults(baseURL, false).length === 0 ? new URL(baseURL) : undefined;
}

function list(texts: readonly Bilingual[]): Bilingual {
  return bilingual(texts.map(({ en }) => en).join('; '), texts.map(({ zh }) => zh).join('；'));
}

/** Joins the sentences, each of them once. */
function sentences(texts: readonly Bilingual[]): Bilingual {
  const en = new Set(texts.map((text) => text.en));
  const zh = new Set(texts.map((text) => text.zh));
  return bilingual([...en].join(' '), [...zh].join(''));
}

const TEXTS = {
  missing: {
    detail: bilingual(
      'is not given: the app takes its address from the Host header, which a client can forge',
      '未给出：应用将从 Host 头推断地址，而客户端可以伪造',
    ),
    remedy: bilingual(
      'Set WECHAT_BASE_URL, such as https://h5.example.com.',
      '请设置 WECHAT_BASE_URL，例如 https://h5.example.com。',
    ),
  },
  notGiven: bilingual('not given', '未给出'),
  removeStray: bilingual('Remove these characters (WECHAT_BASE_URL).', '请去掉多余字符（WECHAT_BASE_URL）。'),
};
