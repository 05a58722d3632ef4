/**
 * A relay as its apps and an attacker see it: it must send browsers on to this app, and to no address that is
 * missing from its list. Otherwise it is an open redirect that hands out codes (RFC 9700 section 4.11).
 */
import { isPrivateHost } from '../../../middleware/options/private-host';
import { relayRedirectURI } from '../../../relay/redirect-uri';
import { bilingual } from '../../bilingual';
import {
  UnreachableError,
  isGateway,
  locationOf,
  probe,
  type ProbeLimits,
  type ProbeResponse,
} from '../probe/http-probe';
import { MADE_UP_CODE } from '../probe/made-up-code';
import { WECHAT_CLIENT } from '../probe/user-agents';
import { failed, notChecked, ok, warning, type Finding } from '../report/check-list';
import { untrustedText } from '../report/untrusted-text';

const OWN = 'relay-own-app';
const OTHER_HOSTS = 'relay-other-hosts';

/** @param callback the app's own callback address */
export async function checkRelay(relay: string, callback: URL, limits: ProbeLimits): Promise<Finding[]> {
  try {
    const ask = (to: string): Promise<ProbeResponse> => askRelay(relay, to, limits);
    const response = await ask(callback.href);
    const own = judgeOwn(relay, callback, response);
    const isRelay = response.status === REFUSED || locationOf(response, relay) !== undefined;
    if (!isRelay) return [own, notChecked(OTHER_HOSTS)];
    const responses = unlistedAddresses(callback).map(
      async (address) => [address, await ask(address)] as const,
    );
    return [own, judgeOtherHosts(relay, await Promise.all(responses))];
  } catch (error) {
    if (error instanceof UnreachableError)
      return [failed(OWN, TEXTS.unreachable(new URL(relay).host, error)), notChecked(OTHER_HOSTS)];
    throw error;
  }
}

const STATE = 'doctor';
/** The status of a relay for an address that is not on its list. */
const REFUSED = 400;

function askRelay(relay: string, to: string, limits: ProbeLimits): Promise<ProbeResponse> {
  const url = new URL(`${relayRedirectURI(relay, to)}&code=${MADE_UP_CODE}&state=${STATE}`);
  return probe(url, {
    ...limits,
    isDirect: isPrivateHost(url),
    headers: { 'User-Agent': WECHAT_CLIENT, Accept: 'application/json', 'Accept-Language': 'zh-CN' },
  });
}

function judgeOwn(relay: string, callback: URL, response: ProbeResponse): Finding {
  const location = locationOf(response, relay);
  if (location?.href === `${callback.href}?code=${MADE_UP_CODE}&state=${STATE}`)
    return ok(OWN, bilingual(callback.href, callback.href));
  if (location) return failed(OWN, TEXTS.elsewhere(untrustedText(location.origin + location.pathname)));
  return failed(
    OWN,
    response.status === REFUSED ? TEXTS.notListed(relay, callback.href) : TEXTS.noRelay(response.status),
  );
}

/** A host that nobody can own: the domain `.invalid` is reserved (RFC 2606). */
const UNLISTED_HOST = 'relay-check.invalid';

/**
 * Addresses of another host. A careless comparison would take some of them for the app's: by their beginning,
 * their end, or their user name.
 */
function unlistedAddresses({ host, href }: URL): string[] {
  return [
    `https://${UNLISTED_HOST}/callback`,
    `https://${host.replace(/:\d+$/, '')}.${UNLISTED_HOST}/`,
    `https://${UNLISTED_HOST}/?${href}`,
    `https://${host}@${UNLISTED_HOST}/callback`,
  ];
}

function judgeOtherHosts(
  relay: string,
  responses: readonly (readonly [address: string, response: ProbeResponse])[],
): Finding {
  const open = responses.find(([, response]) =>
    locationOf(response, relay)?.hostname.endsWith(UNLISTED_HOST),
  );
  if (open) return failed(OTHER_HOSTS, TEXTS.open(open[0]));
  const odd = responses.find(([, { status }]) => status < 400 || status > 499);
  return odd ? warning(OTHER_HOSTS, TEXTS.unclear(odd[1].status)) : ok(OTHER_HOSTS, TEXTS.refused);
}

const TEXTS = {
  unreachable: (host: string, { detail, remedy }: UnreachableError) => ({
    detail: bilingual(`${host}: ${detail.en}`, `${host}：${detail.zh}`),
    remedy,
  }),
  notListed: (relay: string, callback: string) => ({
    detail: bilingual(`the relay refuses ${callback}`, `中转拒绝了 ${callback}`),
    remedy: bilingual(
      `Add ${callback} to the option \`to\` of the wechatRelay() at ${relay}, and restart it.`,
      `请把 ${callback} 加入 ${relay} 的中转名单（wechatRelay() 的 to），然后重启中转。`,
    ),
  }),
  elsewhere: (location: string) => ({
    detail: bilingual(`the relay redirects to ${location}`, `中转转到了 ${location}`),
    remedy: bilingual(
      'Find what changes the address: a proxy in front of the relay, or another handler at this path.',
      '请检查是什么改动了地址：中转前面的代理，或同一路径上的其他处理器。',
    ),
  }),
  noRelay: (status: number) => ({
    detail: bilingual(`not a relay: HTTP ${status}`, `不是中转：HTTP ${status}`),
    remedy: isGateway(status)
      ? bilingual(
          'A proxy responds in place of the relay: start the relay, and check its address in the proxy.',
          '代理代替中转返回了响应：请启动中转，并检查代理里中转的地址。',
        )
      : bilingual(
          'Mount wechatRelay() at this address, and let the proxy in front of it pass the path and the query on.',
          '请在该地址挂载 wechatRelay()，并让前面的代理原样转发路径与查询参数。',
        ),
  }),
  refused: bilingual('refused', '均被拒绝'),
  open: (address: string) => ({
    detail: bilingual(
      `the relay sends codes to an address that is not this app's: ${address}`,
      `中转把 code 发到了不属于本应用的地址：${address}`,
    ),
    remedy: bilingual(
      'Take this relay down: it is an open redirect, and anybody can log in as your users. ' +
        'Use wechatRelay() with a list.',
      '请立即停用这个中转：它是开放重定向，任何人都能冒充你的用户登录。请改用带名单的 wechatRelay()。',
    ),
  }),
  unclear: (status: number) => ({
    detail: bilingual(
      `cannot tell: for another address, the relay responds with HTTP ${status}`,
      `无法判断：询问其他地址时返回 HTTP ${status}`,
    ),
    remedy: bilingual(
      'Make sure that it sends browsers only to the addresses of a list, whether by redirects or by scripts.',
      '请确认它只把浏览器转到名单中的地址，脚本跳转也不例外。',
    ),
  }),
};
