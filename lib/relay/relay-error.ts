/** The response of a relay that refuses to send a browser on. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WechatAuthError, withRemedy } from '../errors';
import { wantsPage } from '../middleware/http/request';
import { sendJSON, vary } from '../middleware/http/response';
import { shown } from '../middleware/options/options-error';
import type * as errorPageModule from '../middleware/pages/error-page';
import { RELAY_REFUSED } from '../middleware/pages/texts';
import { MAX_TARGET_LENGTH, type RelayRefusal } from './allow-list';

export function relayError(refusal: RelayRefusal, to: string): WechatAuthError {
  // The query may hold a code.
  const address = shown(to.replace(/[?#][^]*$/, ''));
  const en = MESSAGES[refusal](address);
  const message = `wechatRelay() did not send a browser on: ${en}`;
  return withRemedy(new WechatAuthError('config', message, { status: 400 }), { en, zh: REFUSED_ZH });
}

const REFUSED_ZH =
  '中转没有放行：参数重复，或地址缺失、有误、不在名单 to 中。信任该应用时，请把它的回调地址加入 to。';

const MESSAGES: Readonly<Record<RelayRefusal, (address: string) => string>> = {
  missing: () =>
    'the parameter `to` is missing. Give the app this relay as the option `relay` of wechatAuth(), ' +
    'which adds the parameter.',
  repeated: () =>
    'a parameter is repeated or is a list. WeChat sends code and state once each, and wechatAuth() sends `to` once.',
  'too-long': () => `\`to\` is longer than ${MAX_TARGET_LENGTH} characters.`,
  'not-an-address': (address) => `\`to\` is ${address}, which is not an http: or https: address.`,
  user: (address) => `\`to\` is ${address}, which has a user name or a password in it.`,
  'own-code': (address) => `\`to\` is ${address} with a \`code\` or \`state\` of its own in the query.`,
  'not-listed': (address) =>
    `\`to\` is ${address}, which is not on its list. If you trust that app like production, ` +
    'add its callback address, without query and fragment, to the option `to`.',
};

export function sendRelayError(req: IncomingMessage, res: ServerResponse, error: WechatAuthError): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: most processes have no relay
  const { messageFor, sendErrorPage } = require('../middleware/pages/error-page') as typeof errorPageModule;
  vary(res, 'Accept', 'Sec-Fetch-Mode', 'X-Requested-With');
  if (wantsPage(req)) sendErrorPage(req, res, error, { texts: RELAY_REFUSED });
  else sendJSON(res, error.status, { error: error.kind, message: messageFor(req, error, RELAY_REFUSED) });
}
