/** Checks the public addresses of the app and of its relay against the rules of WeChat's consoles. */
import { relayAddress } from '../../../middleware/options/base-url';
import { addressFaults, relayFaults, type AddressFault } from '../../../middleware/options/callback-domain';
import { bilingual, type Bilingual } from '../../bilingual';
import { failed, ok, skipped, warning, type CheckId, type Finding } from '../report/check-list';
import { findStray, removeStray } from '../report/stray-characters';

const ID = 'base-url';

/**
 * @param usesRealPages whether WeChat's own pages check the callback domain; an emulator accepts more
 * @param hasRelay whether WeChat checks the host of a relay in place of this one
 */
export function checkBaseURL(baseURL: string | undefined, usesRealPages: boolean, hasRelay = false): Finding {
  if (baseURL === undefined) return usesRealPages ? warning(ID, TEXTS.missing) : skipped(ID, TEXTS.notGiven);
  return checkAddress(ID, baseURL, addressFaults(baseURL, usesRealPages && !hasRelay), 'WECHAT_BASE_URL');
}

/** @param usesRealPages whether WeChat's own pages check the callback domain; an emulator accepts more */
export function checkRelayAddress(relay: string, usesRealPages: boolean): Finding {
  return checkAddress('relay', relay, relayFaults(relay, usesRealPages), 'WECHAT_RELAY');
}

function checkAddress(
  id: CheckId,
  address: string,
  faults: readonly AddressFault[],
  variable: string,
): Finding {
  // A host name may have letters of any script, so they are not stray. The rules of the consoles check them.
  const plain = address.replace(/\p{L}/gu, 'x');
  const stray = findStray(plain);
  if (!stray && faults.length === 0) return ok(id, bilingual(address, address));
  const fault = {
    detail: list([...(stray ? [stray] : []), ...faults.map(({ what }) => what)]),
    remedy: sentences([...(stray ? [removeStray(variable)] : []), ...faults.flatMap(({ remedy }) => remedy)]),
  };
  const isWarning = faults.every((each) => each.isWarning) && !(stray && isEncoded(plain));
  return isWarning ? warning(id, fault) : failed(id, fault);
}

/**
 * Stray characters at the end of the address or in its host are only a warning: the URL parser ignores them,
 * and the app works. In the path the parser percent-encodes them, and logins fail.
 */
function isEncoded(address: string): boolean {
  const percentSigns = (text: string): number => text.split('%').length;
  return URL.canParse(address) && percentSigns(new URL(address).pathname) > percentSigns(address);
}

/** The public address; undefined if none is given, or if it has a fault. */
export function usableBase({ baseURL }: { readonly baseURL: string | undefined }): URL | undefined {
  return baseURL !== undefined && addressFaults(baseURL, false).length === 0 ? new URL(baseURL) : undefined;
}

/** The relay, without a slash at its end; undefined if none is given, or if it has a fault. */
export function usableRelay({ relay }: { readonly relay: string | undefined }): string | undefined {
  return relay !== undefined && relayFaults(relay, false).length === 0 ? relayAddress(relay) : undefined;
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
};
