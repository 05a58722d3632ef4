/** Checks the addresses of WeChat's pages and of its API, without a request. */
import { WECHAT, endpointFault } from '../../../oauth/endpoints';
import { bilingual } from '../../bilingual';
import { isWechatAPI, type Configuration } from '../configuration';
import { isPrivateHost } from '../../../middleware/options/private-host';
import { failed, ok, warning, type Finding } from '../report/check-list';

const ID = 'endpoints';

export function checkEndpoints({ open, api }: Configuration): Finding {
  const addresses = { WECHAT_OPEN_URL: open, WECHAT_API_URL: api };
  const broken = Object.entries(addresses).find(([, address]) => endpointFault(address) !== undefined);
  if (broken) return failed(ID, TEXTS.notAnAddress(broken[0]));
  const urls = [new URL(open), new URL(api)];
  const hosts = urls.map(({ host }) => host);
  if ((open === WECHAT.open) !== isWechatAPI(api)) return warning(ID, TEXTS.oneOfTwo(hosts));
  const unencrypted = urls.find((url) => url.protocol === 'http:' && !isPrivateHost(url));
  return unencrypted ? warning(ID, TEXTS.unencrypted(unencrypted.host)) : ok(ID, TEXTS.hosts(hosts));
}

const TEXTS = {
  hosts: (hosts: readonly string[]) => bilingual(hosts.join(', '), hosts.join('，')),
  notAnAddress: (variable: string) => ({
    detail: bilingual(
      `${variable} is not a plain http: or https: address`,
      `${variable} 应是不带查询参数与用户名的 http: 或 https: 地址`,
    ),
    remedy: bilingual(
      `Remove it, or write it like ${WECHAT.api}: no query, no user.`,
      `请去掉它，或写成 ${WECHAT.api} 的形式。`,
    ),
  }),
  oneOfTwo: (hosts: readonly string[]) => ({
    detail: bilingual(
      `only one of the two is WeChat's own: ${hosts.join(', ')}`,
      `两个地址中只有一个是微信官方的：${hosts.join('，')}`,
    ),
    remedy: bilingual(
      'The API of one WeChat refuses the authorization codes of another. Set both addresses, or neither. ' +
        "A gateway to WeChat's API is fine.",
      '一边发放的 code 在另一边无效。请两个都设置，或都不设置；如果它是通往微信 API 的网关，则没有问题。',
    ),
  }),
  unencrypted: (host: string) => ({
    detail: bilingual(
      `requests to ${host} go over http: the parameters in them are not encrypted on the way`,
      `${host} 使用 http：请求中的参数将明文传输`,
    ),
    remedy: bilingual('Use https.', '请使用 https。'),
  }),
};
