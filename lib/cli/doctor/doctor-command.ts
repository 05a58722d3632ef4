/**
 * `express-wechat-auth doctor`: checks the configuration, then the network, then WeChat, then the running
 * app.
 */
import { isPageFlow, type AccountFlow } from '../../oauth/flows';
import { redact } from '../../redact';
import { relayRedirectURI } from '../../relay/redirect-uri';
import { bilingual, type Bilingual, type Language } from '../bilingual';
import { CommandError, UsageError, type Command, type Terminal } from '../terminal';
import { checkApp } from './checks/app';
import { isAppId } from './checks/app-credentials';
import { usableBase, usableRelay } from './checks/base-url';
import { checkConfiguration, givenFlows } from './checks/configuration';
import { checkCredentials } from './checks/credentials';
import { checkLoginPage } from './checks/login-page';
import { checkNetwork } from './checks/network';
import { callbackURL } from './checks/redirect-uri';
import { checkRelay } from './checks/relay';
import { checkVerificationFile } from './checks/verification-file';
import type { Configuration } from './configuration';
import { DOCTOR_HELP, parseDoctorFlags, readDoctorFlags, type DoctorFlags } from './doctor-flags';
import type { ProbeLimits } from './probe/http-probe';
import { siteOf, type Site } from './probe/site';
import { notChecked, skipped, type CheckId, type Finding, type Group } from './report/check-list';
import { FLOW_CHECKS } from './report/flow-checks';
import { isOk, renderGroup, renderJSON, renderSummary, type OutputStyle } from './report/report';

/**
 * In ms. Requests that still run after this time are aborted as timed out, so that the command ends within a
 * minute.
 */
const LONGEST_RUN = 50_000;

export const doctorCommand: Command = async (args, terminal, language) => {
  const values = parseDoctorFlags(args);
  if (values.help) {
    terminal.out(DOCTOR_HELP[language]);
    return 0;
  }
  const interrupted = new AbortController();
  const interruption = terminal.stopped.then(() => {
    interrupted.abort();
    throw new CommandError(TEXTS.interrupted);
  });
  const deadline = AbortSignal.timeout(LONGEST_RUN);
  const run = async (): Promise<number> => {
    const flags = await Promise.race([readDoctorFlags(values, terminal), noInputBy(deadline)]);
    return examine(flags, interrupted.signal, deadline, terminal, language);
  };
  return Promise.race([run(), interruption]);
};

/** Rejects at the deadline: the standard input may never end. */
function noInputBy(deadline: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    deadline.addEventListener('abort', () => reject(new UsageError(TEXTS.noInput)));
  });
}

/** Resolves to the exit status. */
async function examine(
  flags: DoctorFlags,
  interrupted: AbortSignal,
  deadline: AbortSignal,
  terminal: Terminal,
  language: Language,
): Promise<number> {
  const { configuration, json, url } = flags;
  const limits = { timeout: flags.timeout, signal: AbortSignal.any([interrupted, deadline]) };
  const style = styleOf(terminal, language);
  const findings: Finding[] = [];
  const add = (group: Group, found: readonly Finding[]): void => {
    const clean = found.map((finding) => forOutput(finding, configuration));
    findings.push(...clean);
    if (!json && !interrupted.aborted && clean.length > 0) terminal.out(renderGroup(group, clean, style));
  };

  add('configuration', checkConfiguration(configuration, url !== undefined));
  if (noneFailed(findings, 'endpoints')) add('network', await checkNetwork(configuration, limits));
  add('wechat', await checkWechat(flags, findings, limits));
  add('app', await checkRunningApp(flags, limits));

  if (!interrupted.aborted)
    terminal.out(json ? renderJSON(findings, language) : renderSummary(findings, style));
  return isOk(findings) ? 0 : 1;
}

function styleOf({ env, screen }: Terminal, language: Language): OutputStyle {
  return {
    language,
    columns: screen?.columns ?? 80,
    isColoured: screen !== undefined && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  };
}

/** Masks AppSecrets, which WeChat or the app may echo, and replaces control characters. */
function forOutput(finding: Finding, { apps, component }: Configuration): Finding {
  const secrets = [...Object.values(apps).map(({ appSecret }) => appSecret), component?.accessToken];
  const ids = [...Object.values(apps), component].flatMap((app) =>
    app?.appId !== undefined && isAppId(app.appId) ? [app.appId] : [],
  );
  const clean = ({ en, zh }: Bilingual): Bilingual =>
    bilingual(redactExcept(en, ids, secrets), redactExcept(zh, ids, secrets));
  return {
    ...finding,
    detail: clean(finding.detail),
    ...(finding.remedy && { remedy: clean(finding.remedy) }),
  };
}

/**
 * Redacts all but the AppIDs, which are not secret. `redact` also masks parts of a secret, and the emulator's
 * AppIDs share digits with its AppSecrets.
 */
function redactExcept(
  text: string,
  [id, ...ids]: readonly string[],
  secrets: readonly (string | undefined)[],
): string {
  if (id === undefined) return redact(text, secrets);
  const parts = text.split(id).map((part) => redactExcept(part, ids, secrets));
  return parts.join(id);
}

function noneFailed(findings: readonly Finding[], ...needed: readonly CheckId[]): boolean {
  return findings.every(({ id, status }) => !needed.includes(id) || status !== 'failed');
}

async function checkWechat(
  flags: DoctorFlags,
  findings: readonly Finding[],
  limits: ProbeLimits,
): Promise<Finding[]> {
  const flows = givenFlows(flags.configuration);
  const found = await Promise.all(flows.map((flow) => checkFlow(flags, flow, findings, limits)));
  return found.flat();
}

async function checkFlow(
  { configuration, routes }: DoctorFlags,
  flow: AccountFlow,
  findings: readonly Finding[],
  limits: ProbeLimits,
): Promise<Finding[]> {
  const { appId, appSecret, credentials } = FLOW_CHECKS[flow];
  // A wrong AppID may be an AppSecret in the wrong place: it is not sent anywhere.
  const found = [
    noneFailed(findings, appId, appSecret, 'endpoints', 'api-reachable')
      ? await checkCredentials(configuration, flow, limits)
      : notChecked(credentials),
  ];
  const site = publicSite(configuration, routes);
  if (site === undefined || !isPageFlow(flow)) return found;
  const callback = callbackURL(configuration, site).href;
  const relay = usableRelay(configuration);
  const redirectURI = relay === undefined ? callback : relayRedirectURI(relay, callback);
  return [
    ...found,
    noneFailed(findings, appId, 'endpoints', 'open-reachable')
      ? await checkLoginPage(configuration, flow, redirectURI, limits)
      : notChecked(FLOW_CHECKS[flow].loginPage),
  ];
}

async function checkRunningApp(flags: DoctorFlags, limits: ProbeLimits): Promise<Finding[]> {
  const { configuration, url, routes, verificationFiles } = flags;
  const flows = givenFlows(configuration);
  // Without an account that sends browsers to WeChat, the app has no login route.
  const hasLogin = flows.length === 0 || flows.some(isPageFlow);
  const app = url && hasLogin ? await checkApp(configuration, url, routes, limits) : undefined;
  const site =
    app?.site ?? (url ? siteOf(url, usableBase(configuration), routes) : publicSite(configuration, routes));
  const relay = usableRelay(configuration);
  const [relayed, ...files] = await Promise.all([
    relay !== undefined && site ? checkRelay(relay, callbackURL(configuration, site), limits) : [],
    ...verificationFiles.map((file) => checkVerificationFile(site, file, limits)),
  ]);
  return [
    ...(app?.findings ?? [skipped('app-reachable', hasLogin ? TEXTS.noURL : TEXTS.onlyCodes)]),
    ...relayed,
    ...files,
  ];
}

function publicSite(configuration: Configuration, routes: DoctorFlags['routes']): Site | undefined {
  const base = usableBase(configuration);
  return base && siteOf(base, undefined, routes);
}

const TEXTS = {
  interrupted: bilingual('stopped before all checks were made', '已中途停止'),
  noInput: bilingual(
    `The standard input did not end within ${LONGEST_RUN / 1000} s`,
    `标准输入在 ${LONGEST_RUN / 1000} 秒内没有结束`,
  ),
  onlyCodes: bilingual(
    'not checked: only clients log in, with codes, and the app has no login route',
    '未检查：只有客户端用 code 登录，应用没有登录路由',
  ),
  noURL: bilingual('not checked: give --url', '未检查：请给出 --url'),
};
