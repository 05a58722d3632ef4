/** Whether this machine reaches WeChat, whether it is WeChat that answers, and what its clock says. */
import { API } from '../../../oauth/endpoints';
import { FLOWS } from '../../../oauth/flows';
import { readJSON } from '../../../oauth/transport/read-json';
import { UnreachableError, probe, type ProbeRequest, type ProbeResponse } from '../probe/http-probe';
import { failed, ok, skipped, warning, type CheckId, type Finding } from '../report/check-list';
import { WECHAT_CLIENT } from '../probe/user-agents';
import type { Configuration } from './configuration';
import { join, bilingual, type Bilingual } from '../report/bilingual';

const TO_ENDPOINTS = bilingual(
  'Check WECHAT_OPEN_URL and WECHAT_API_URL, and what stands between (proxy, gateway).',
  '请检查 WECHAT_OPEN_URL 与 WECHAT_API_URL，以及中间的代理或网关。',
);

export async function checkNetwork(configuration: Configuration, question: ProbeRequest): Promise<Finding[]> {
  const { open, api } = configuration;
  const [pages, interfaces] = await Promise.all([
    reach('open-reachable', `${open}${FLOWS.official.page.path}`, isPage, configuration, question),
    reach('api-reachable', `${api}${API.auth.path}`, isAPI, configuration, question),
  ]);
  return [pages.finding, interfaces.finding, checkClock(interfaces.reply ?? pages.reply)];
}

interface Reached {
  readonly finding: Finding;
  readonly reply?: ProbeResponse;
}

async function reach(
  id: CheckId,
  address: string,
  isWechat: (reply: ProbeResponse) => boolean,
  { isProduction }: Configuration,
  question: ProbeRequest,
): Promise<Reached> {
  const { host } = new URL(address);
  try {
    const reply = await probe(new URL(address), {
      ...question,
      headers: { 'User-Agent': WECHAT_CLIENT, Accept: '*/*' },
    });
    if (!isWechat(reply)) return { finding: failed(id, strange(host, reply), TO_ENDPOINTS), reply };
    const isEmulated = reply.headers['x-emulated-wechat'] !== undefined;
    if (isEmulated && isProduction) return { finding: emulatorInProduction(id, host), reply };
    return { finding: ok(id, described(host, reply, isEmulated)), reply };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return {
      finding: failed(
        id,
        bilingual(`${host}: ${error.detail.en}`, `${host}：${error.detail.zh}`),
        error.remedy,
      ),
    };
  }
}

function isPage({ status, headers }: ProbeResponse): boolean {
  return status === 200 && (headers['content-type'] ?? '').includes('html');
}

/** Asked for nothing in particular, WeChat names what is missing, as an errcode. */
function isAPI({ body }: ProbeResponse): boolean {
  try {
    const answer = readJSON(Buffer.from(body));
    return typeof answer === 'object' && answer !== null && 'errcode' in answer;
  } catch {
    return false;
  }
}

function strange(host: string, { status, headers }: ProbeResponse): Bilingual {
  const type = (headers['content-type'] ?? '–').slice(0, 40);
  return bilingual(
    `what answers at ${host} is not WeChat: HTTP ${status}, ${type}`,
    `${host} 的应答方不是微信：HTTP ${status}，${type}`,
  );
}

function described(host: string, { took, proxy }: ProbeResponse, isEmulated: boolean): Bilingual {
  return join(
    bilingual(`${host}, ${took} ms`, `${host}，${took} ms`),
    proxy === undefined ? undefined : bilingual(`through the proxy ${proxy}`, `，经代理 ${proxy}`),
    isEmulated ? bilingual('(an emulated WeChat)', '（模拟的微信）') : undefined,
  );
}

function emulatorInProduction(id: CheckId, host: string): Finding {
  return failed(
    id,
    bilingual(
      `${host} is an emulated WeChat, and NODE_ENV is production: anybody could log in as anybody`,
      `${host} 是模拟的微信，而 NODE_ENV 为 production：任何人都能以任何身份登录`,
    ),
    bilingual(
      'Take WECHAT_OPEN_URL and WECHAT_API_URL out of the environment.',
      '请从环境中去掉 WECHAT_OPEN_URL 与 WECHAT_API_URL。',
    ),
  );
}

const BEARABLE_MS = 30_000;
const GRAVE_MS = 5 * 60_000;

function checkClock(reply: ProbeResponse | undefined): Finding {
  if (reply?.ahead === undefined)
    return skipped('clock', bilingual('nobody told the time to compare with', '没有可供比较的时间'));
  const seconds = Math.round(Math.abs(reply.ahead) / 1000);
  const side = reply.ahead > 0 ? bilingual('slow', '慢') : bilingual('fast', '快');
  const off = bilingual(
    `${seconds} s ${side.en}, by the clock of the endpoint`,
    `比对端时钟${side.zh} ${seconds} 秒`,
  );
  if (seconds * 1000 <= BEARABLE_MS)
    return ok('clock', bilingual('agrees with that of the endpoint', '与对端一致'));
  const remedy = bilingual(
    'Set it by NTP: session cookies end too early or too late, and machines disagree about when a token ends.',
    '请用 NTP 校时：否则会话 cookie 会提前或延后失效，多台机器对 token 的过期时间也会不一致。',
  );
  return seconds * 1000 > GRAVE_MS ? failed('clock', off, remedy) : warning('clock', off, remedy);
}
