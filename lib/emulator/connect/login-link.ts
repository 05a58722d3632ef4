import type { Phrase } from '../pages/language';
import type { EmulatorApp } from '../world/apps/apps';
import type { EmulatorSwitches } from '../world/switches';
import type { World } from '../world/world';
import { PageRefusal, TEXTS_WITHOUT_CODE } from './page-refusal';

/** The parameters of a login page's address, and a function that records warnings about them. */
export interface LoginLink {
  readonly query: Readonly<Record<string, string>>;
  /** Names of the parameters in the order in which they came. */
  readonly order: readonly string[];
  /**
   * Records why WeChat refuses the callback, or might refuse the address although the emulator accepts it.
   */
  warn(text: string): void;
}

export function missingParameter(name: string): Phrase {
  return { zh: `缺少 ${name}`, en: `${name} is missing` };
}

/** The app with this AppID. @throws PageRefusal that names the known apps if there is none. */
export function findApp(appId: string, world: World): EmulatorApp {
  const app = world.apps.find(appId);
  if (app) return app;
  const known = world.apps.all.map((each) => each.appId).join(', ');
  throw new PageRefusal(TEXTS_WITHOUT_CODE.appId, undefined, {
    zh: `没有 AppID 为 ${JSON.stringify(appId)} 的应用；模拟器中的应用有 ${known}`,
    en: `there is no app with the AppID ${JSON.stringify(appId)}; the emulator's apps are ${known}`,
  });
}

/**
 * Checks response_type and the order of the parameters. WeChat documents that the whole link must match a
 * regular expression (正则强匹配). In practice it accepts other orders, so the switch `parameterOrder` decides
 * between an error page and a warning.
 */
export function checkLink(link: LoginLink, { parameterOrder }: EmulatorSwitches): void {
  const responseType = link.query['response_type'];
  if (responseType !== undefined && responseType !== 'code') {
    throw new PageRefusal(TEXTS_WITHOUT_CODE.link, undefined, {
      zh: `response_type 是 ${JSON.stringify(responseType)}，只能是 code`,
      en: `response_type is ${JSON.stringify(responseType)}; it must be code`,
    });
  }
  const problem = linkProblem(link);
  if (problem === undefined) return;
  if (parameterOrder === 'strict') throw new PageRefusal(TEXTS_WITHOUT_CODE.link, undefined, problem);
  link.warn(problem.en);
}

const DOCUMENTED_ORDER = ['appid', 'redirect_uri', 'response_type', 'scope', 'state'];

function linkProblem({ query, order }: LoginLink): Phrase | undefined {
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
