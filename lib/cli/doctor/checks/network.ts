/**
 * Checks whether this machine reaches WeChat, whether the server is WeChat, and whether the clock of this
 * machine is right.
 */
import { API } from '../../../oauth/endpoints';
import { FLOWS } from '../../../oauth/flows';
import { readJSON } from '../../../oauth/transport/read-json';
import { bilingual, join, type Bilingual } from '../../bilingual';
import type { Configuration } from '../configuration';
import { UnreachableError, probe, type ProbeLimits, type ProbeResponse } from '../probe/http-probe';
import { WECHAT_CLIENT } from '../probe/user-agents';
import { failed, ok, skipped, warning, type CheckId, type Finding } from '../report/check-list';
import { untrustedText } from '../report/untrusted-text';

export async function checkNetwork(configuration: Configuration, limits: ProbeLimits): Promise<Finding[]> {
  const { open, api } = configuration;
  const [openResult, apiResult] = await Promise.all([
    reach('open-reachable', `${open}${FLOWS.official.page.path}`, isPage, configuration, limits),
    reach('api-reachable', `${api}${API.auth.path}`, isAPI, configuration, limits),
  ]);
  return [openResult.finding, apiResult.finding, checkClock(apiResult.response ?? openResult.response)];
}

interface Reached {
  readonly finding: Finding;
  readonly response?: ProbeResponse;
}

async function reach(
  id: CheckId,
  address: string,
  isWechat: (response: ProbeResponse) => boolean,
  { isProduction }: Configuration,
  limits: ProbeLimits,
): Promise<Reached> {
  const url = new URL(address);
  const { host } = url;
  try {
    const response = await probe(url, { ...limits, headers: { 'User-Agent': WECHAT_CLIENT, Accept: '*/*' } });
    if (!isWechat(response)) return { finding: failed(id, TEXTS.notWechat(host, response)), response };
    const isEmulated = response.headers['x-emulated-wechat'] !== undefined;
    if (isEmulated && isProduction)
      return { finding: failed(id, TEXTS.emulatorInProduction(host)), response };
    return { finding: ok(id, TEXTS.reached(host, response, isEmulated)), response };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return { finding: failed(id, TEXTS.unreachable(host, error)) };
  }
}

function isPage({ status, headers }: ProbeResponse): boolean {
  return status === 200 && (headers['content-type'] ?? '').includes('html');
}

/** The request has no parameters: WeChat responds with an errcode that names the missing one. */
function isAPI({ body }: ProbeResponse): boolean {
  try {
    const json = readJSON(Buffer.from(body));
    return typeof json === 'object' && json !== null && 'errcode' in json;
  } catch {
    return false;
  }
}

const TOLERATED_MS = 30_000;
const HARMFUL_MS = 5 * 60_000;

function checkClock(response: ProbeResponse | undefined): Finding {
  if (response?.clockOffset === undefined) return skipped('clock', TEXTS.noClock);
  const seconds = Math.round(Math.abs(response.clockOffset) / 1000);
  if (seconds * 1000 <= TOLERATED_MS) return ok('clock', TEXTS.rightClock);
  const fault = TEXTS.wrongClock(seconds, response.clockOffset > 0);
  return seconds * 1000 > HARMFUL_MS ? failed('clock', fault) : warning('clock', fault);
}

const TEXTS = {
  reached: (host: string, { duration, proxy }: ProbeResponse, isEmulated: boolean): Bilingual =>
    join(
      bilingual(`${host}, ${duration} ms`, `${host}，${duration} ms`),
      proxy === undefined ? undefined : bilingual(`through the proxy ${proxy}`, `，经代理 ${proxy}`),
      isEmulated ? bilingual('(an emulated WeChat)', '（微信模拟器）') : undefined,
    ),
  unreachable: (host: string, { detail, remedy }: UnreachableError) => ({
    detail: bilingual(`${host}: ${detail.en}`, `${host}：${detail.zh}`),
    remedy,
  }),
  notWechat: (host: string, { status, headers }: ProbeResponse) => {
    const type = untrustedText(headers['content-type'] ?? '–', 40);
    return {
      detail: bilingual(
        `the server at ${host} is not WeChat: HTTP ${status}, ${type}`,
        `${host} 的响应不是来自微信：HTTP ${status}，${type}`,
      ),
      remedy: bilingual(
        'Check WECHAT_OPEN_URL and WECHAT_API_URL, and the proxies and gateways on the way.',
        '请检查 WECHAT_OPEN_URL 与 WECHAT_API_URL，以及中间的代理或网关。',
      ),
    };
  },
  emulatorInProduction: (host: string) => ({
    detail: bilingual(
      `${host} is an emulated WeChat, and NODE_ENV is production: anybody could log in as anybody`,
      `${host} 是微信模拟器，而 NODE_ENV 为 production：任何人都能以任何身份登录`,
    ),
    remedy: bilingual(
      'Remove WECHAT_OPEN_URL and WECHAT_API_URL from the environment. ' +
        'In a closed test system, run the doctor without NODE_ENV=production.',
      '请去掉环境变量 WECHAT_OPEN_URL 与 WECHAT_API_URL。' +
        '如果是有意的封闭测试系统，运行 doctor 时请不要设置 NODE_ENV=production。',
    ),
  }),
  noClock: bilingual('no response has a Date header to compare with', '没有可供比较的服务器时间'),
  rightClock: bilingual("agrees with the server's clock", '与服务器一致'),
  wrongClock: (seconds: number, isSlow: boolean) => ({
    detail: bilingual(
      `${seconds} s ${isSlow ? 'slow' : 'fast'}, compared with the server's clock`,
      `比服务器时钟${isSlow ? '慢' : '快'} ${seconds} 秒`,
    ),
    remedy: bilingual(
      'Synchronize it by NTP. Otherwise session cookies expire too early or too late, ' +
        'and machines disagree on when a token expires.',
      '请用 NTP 校时：否则会话 cookie 会提前或延后失效，多台机器对 token 的过期时间也会不一致。',
    ),
  }),
};
