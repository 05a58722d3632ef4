import type { IncomingRequest } from '../http/incoming-request';
import type { World } from '../world/world';

// What WeChat's own browser adds when it opens the authorize page once more by itself.
const CLIENT_KEYS = 'connect_redirect=1&uin=emulated&key=emulated&pass_ticket=emulated';

/** WeChat's client, told by its User-Agent or by the keys that only the client adds. */
export function isWechatClient(incoming: IncomingRequest, world: World): boolean {
  if (world.switches.client === 'any') return true;
  const agent = incoming.headers['user-agent'] ?? '';
  return agent.toLowerCase().includes('micromessenger') || incoming.query['pass_ticket'] !== undefined;
}

/** The same page, opened as WeChat's client would. */
export function continueURL(incoming: IncomingRequest): string {
  return `${incoming.path}?${incoming.rawQuery === '' ? '' : `${incoming.rawQuery}&`}${CLIENT_KEYS}#wechat_redirect`;
}
