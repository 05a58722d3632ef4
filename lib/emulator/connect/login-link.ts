import type { Phrase } from '../pages/language';
import type { EmulatorSwitches } from '../world/switches';
import { PageRefusal, TEXTS_WITHOUT_CODE } from './page-refusal';

/** The address of a login page: its parameters, and where warnings about them go. */
export interface LoginLink {
  readonly query: Readonly<Record<string, string>>;
  /** Names of the parameters in the order in which they came. */
  readonly order: readonly string[];
  /** Records what WeChat might refuse although the emulator accepts it. */
  warn(text: string): void;
}

/**
 * WeChat documents that the whole link must match a regular expression (正则强匹配). In practice it accepts other
 * orders of the parameters, so the switch decides between an error page and a warning.
 */
export function checkLink(link: LoginLink, { parameterOrder }: EmulatorSwitches): void {
  const responseType = link.query['response_type'];
  if (responseType !== undefined && responseType !== 'code') {
    throw new PageRefusal(TEXTS_WITHOUT_CODE.link, undefined, {
      zh: `response_type 是 ${JSON.stringify(responseType)}，只能是 code`,
      en: `response_type is ${JSON.stringify(responseType)}; it must be code`,
    });
  }
  const fault = linkFault(link);
  if (fault === undefined) return;
  if (parameterOrder === 'strict') throw new PageRefusal(TEXTS_WITHOUT_CODE.link, undefined, fault);
  link.warn(fault.en);
}

const DOCUMENTED_ORDER = ['appid', 'redirect_uri', 'response_type', 'scope', 'state'];

function linkFault({ query, order }: LoginLink): Phrase | undefined {
  if (query['response_type'] === undefined) {
    return {
      zh: '缺少 response_type；微信文档要求 response_type=code',
      en: 'response_type is missing; WeChat documents response_type=code',
    };
  }
  const present = order.filter((name) => DOCUMENTED_ORDER.includes(name));
  const documented = DOCUMENTED_ORDER.filter((name) => present.includes(name));
  if (present.join() === documented.join()) return undefined;
  return {
    zh: `参数的顺序是 ${present.join('、')}；微信文档要求的顺序是 ${documented.join('、')}`,
    en: `the order of parameters is ${present.join(', ')}; WeChat documents ${documented.join(', ')}`,
  };
}
