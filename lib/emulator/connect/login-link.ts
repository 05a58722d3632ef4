import type { EmulatorSwitches } from '../world/switches';
import type { Phrase } from '../pages/language';
import { PageRefusal, TEXTS_WITHOUT_CODE } from './page-refusal';

/** The address of a login page, as far as it matters here. */
export interface LoginLink {
  readonly query: Readonly<Record<string, string>>;
  /** Names of the parameters as they came. */
  readonly order: readonly string[];
  /** Takes note of what WeChat might refuse. */
  warn(text: string): void;
}

const DOCUMENTED_ORDER = ['appid', 'redirect_uri', 'response_type', 'scope', 'state'];

function linkFault({ query, order }: LoginLink): Phrase | undefined {
  if (query['response_type'] === undefined) {
    return {
      zh: '缺少 response_type；微信文档写的是 response_type=code',
      en: 'response_type is missing; WeChat documents response_type=code',
    };
  }
  const present = order.filter((name) => DOCUMENTED_ORDER.includes(name));
  const documented = DOCUMENTED_ORDER.filter((name) => present.includes(name));
  if (present.join() === documented.join()) return undefined;
  return {
    zh: `参数的顺序是 ${present.join('、')}；微信文档写的是 ${documented.join('、')}`,
    en: `the parameters come as ${present.join(', ')}; WeChat documents ${documented.join(', ')}`,
  };
}

/** WeChat documents a strict match of the whole link (正则强匹配) and is seen to be laxer: the switch decides. */
export function checkLink(link: LoginLink, { parameterOrder }: EmulatorSwitches): void {
  const type = link.query['response_type'];
  if (type !== undefined && type !== 'code') {
    throw new PageRefusal(TEXTS_WITHOUT_CODE.link, undefined, {
      zh: `response_type 是 ${JSON.stringify(type)}，必须是 code`,
      en: `response_type is ${JSON.stringify(type)}; it must be code`,
    });
  }
  const fault = linkFault(link);
  if (fault === undefined) return;
  if (parameterOrder === 'strict') throw new PageRefusal(TEXTS_WITHOUT_CODE.link, undefined, fault);
  link.warn(fault.en);
}
