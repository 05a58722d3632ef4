import type { IncomingRequest } from '../http/incoming-request';
import type { World } from '../world/world';

/**
 * Whether WeChat's client opened the page: the request has its User-Agent, or the parameter `pass_ticket`,
 * which only the client adds.
 */
export function isWechatClient(incoming: IncomingRequest, world: World): boolean {
  if (world.switches.client === 'any') return true;
  const userAgent = incoming.headers['user-agent'] ?? '';
  return userAgent.toLowerCase().includes('micromessenger') || incoming.query['pass_ticket'] !== undefined;
}

// The parameters with which WeChat's client opens the authorize page a second time.
const CLIENT_PARAMETERS = 'connect_redirect=1&uin=emulated&key=emulated&pass_ticket=emulated';

/** The address of the same page, with the parameters that WeChat's client adds. */
export function continueURL({ path, rawQuery }: IncomingRequest): string {
  const query = rawQuery === '' ? CLIENT_PARAMETERS : `${rawQuery}&${CLIENT_PARAMETERS}`;
  return `${path}?${query}#wechat_redirect`;
}
