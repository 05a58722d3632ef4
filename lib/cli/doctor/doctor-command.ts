/**
 * `express-wechat-auth doctor`: checks the configuration, then the network, then WeChat, then the running
 * app.
 */
import {
  ACCOUNT_FLOWS,
  PAGE_ACCOUNT_FLOWS,
  isPageFlow,
  type AccountFlow,
  type PageAccountFlow,
} from '../../oauth/flows';
import { redactor } from '../../redact';
import { relayRedirectURI } from '../../relay/redirect-uri';
import { bilingual, type Bilingual, type Language } from '../bilingual';
import { CommandError, UsageError, type Command, type Terminal } from '../terminal';
import { checkApp, type AppProbe } from './checks/app';
import { isAppId } from '../../oauth/credentials';
import { checkAppId } from './checks/app-credentials';
import { usableBase, usableRelay } from './checks/base-url';
import { checkConfiguration, givenFlows } from './checks/configuration';
import { checkCredentials } from './checks/credentials';
import { checkLoginPage } from './checks/login-page';
import { checkNetwork } from './checks/network';
import { callbackURL } from './checks/redirect-uri';
import { checkRelay } from './checks/relay';
import { checkVerificationFile } from './checks/verification-file';
import { appOf, isGiven, takesAppIdFromApp, withShownAppIds, type Configuration } from './configuration';
import {
  DOCTOR_HELP,
  LONGEST_RUN,
  parseDoctorFlags,
  readDoctorFlags,
  type DoctorFlags,
} from './doctor-flags';
import { firstAbort } from './probe/first-abort';
import type { ProbeLimits } from './probe/http-probe';
import { siteOf, type Site } from './probe/site';
import { notChecked, skipped, type CheckId, type Finding, type Group } from './report/check-list';
import { FLOW_CHECKS } from './report/flow-checks';
import { isOk, renderGroup, renderJSON, renderSummary, type OutputStyle } from './report/report';

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
  const limits = { timeout: flags.timeout, signal: firstAbort(interrupted, deadline).signal };
  const style = styleOf(terminal, language);
  const findings: Finding[] = [];
  const add = (group: Group, found: readonly Finding[], known = configuration): void => {
    const clean = found.map(forOutput(known));
    findings.push(...clean);
    if (!json && !interrupted.aborted && clean.length > 0) terminal.out(renderGroup(group, clean, style));
  };

  add('configuration', checkConfiguration(configuration, url !== undefined));
  if (noneFailed(findings, 'endpoints')) add('network', await checkNetwork(configuration, limits));
  const [ofApp, known] = partition(configuration);
  const credentials = await checkAllCredentials(flags, known, findings, limits);
  // The app's redirect to WeChat may show an AppID and a callback address that the configuration does not
  // name.
  const app = await probeRunningApp(flags, limits);
  const shown = { ...flags, configuration: withShownAppIds(configuration, app?.appIds ?? {}) };
  credentials.push(...(await checkAllCredentials(shown, ofApp, findings, limits)));
  const pages = await checkLoginPages(shown, siteToReturnTo(flags, app), findings, limits);
  add('wechat', [...credentials, ...pages], shown.configuration);
  add('app', await checkRunningApp(flags, app, limits), shown.configuration);

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

/** Masks AppSecrets and the platform's token, which a response may echo, and replaces control characters. */
function forOutput({ apps, component }: Configuration): (finding: Finding) => Finding {
  const redact = redactor([...Object.values(apps).map(({ appSecret }) => appSecret), component?.accessToken]);
  const ids = [...Object.values(apps), component].flatMap((app) =>
    app?.appId !== undefined && isAppId(app.appId) ? [app.appId] : [],
  );
  const clean = ({ en, zh }: Bilingual): Bilingual =>
    bilingual(redactExcept(en, ids, redact), redactExcept(zh, ids, redact));
  return (finding) => ({
    ...finding,
    detail: clean(finding.detail),
    ...(finding.remedy && { remedy: clean(finding.remedy) }),
  });
}

/**
 * Redacts all but the AppIDs, which are not secret. `redact` also masks parts of a secret, and the emulator's
 * AppIDs share digits with its AppSecrets.
 */
function redactExcept(
  text: string,
  [id, ...ids]: readonly string[],
  redact: (text: string) => string,
): string {
  if (id === undefined) return redact(text);
  const parts = text.split(id).map((part) => redactExcept(part, ids, redact));
  return parts.join(id);
}

function noneFailed(findings: readonly Finding[], ...needed: readonly CheckId[]): boolean {
  return findings.every(({ id, status }) => !needed.includes(id) || status !== 'failed');
}

/** The flows whose AppID only the running app shows, and the other ones that were given. */
function partition(configuration: Configuration): readonly [readonly AccountFlow[], readonly AccountFlow[]] {
  const ofApp = ACCOUNT_FLOWS.filter((flow) => takesAppIdFromApp(configuration, flow));
  return [
    ofApp,
    givenFlows(configuration).filter((flow) => !(ofApp as readonly AccountFlow[]).includes(flow)),
  ];
}

async function checkAllCredentials(
  { configuration }: DoctorFlags,
  flows: readonly AccountFlow[],
  findings: readonly Finding[],
  limits: ProbeLimits,
): Promise<Finding[]> {
  const check = async (flow: AccountFlow): Promise<Finding> => {
    const { appId, appSecret, credentials } = FLOW_CHECKS[flow];
    if (noneFailed(findings, appId) && !hasUsableAppId(configuration, flow))
      return skipped(credentials, TEXTS.noAppIdShown);
    // A wrong AppID may be an AppSecret in the wrong place: it is not sent anywhere.
    return noneFailed(findings, appId, appSecret, 'endpoints', 'api-reachable')
      ? checkCredentials(configuration, flow, limits)
      : notChecked(credentials);
  };
  return Promise.all(flows.map(check));
}

/**
 * False if the running app shows no AppID, or one that is not valid. An invalid one may be any text, so it is
 * not sent to WeChat.
 */
function hasUsableAppId(configuration: Configuration, flow: AccountFlow): boolean {
  return (
    appOf(configuration, flow).appId !== undefined &&
    checkAppId(configuration, flow, true).status !== 'failed'
  );
}

/** @param site the app to which WeChat redirects browsers; undefined if it is not known */
async function checkLoginPages(
  { configuration }: DoctorFlags,
  site: Site | undefined,
  findings: readonly Finding[],
  limits: ProbeLimits,
): Promise<Finding[]> {
  const callback = site && callbackURL(configuration, site).href;
  const relay = usableRelay(configuration);
  const redirectURI = callback && relay !== undefined ? relayRedirectURI(relay, callback) : callback;
  const check = async (flow: PageAccountFlow): Promise<Finding> => {
    const { appId, loginPage } = FLOW_CHECKS[flow];
    if (redirectURI === undefined && configuration.baseURL === undefined)
      return skipped(loginPage, TEXTS.noCallback);
    if (noneFailed(findings, appId) && !hasUsableAppId(configuration, flow))
      return skipped(loginPage, TEXTS.noAppIdShown);
    return redirectURI !== undefined && noneFailed(findings, appId, 'endpoints', 'open-reachable')
      ? checkLoginPage(configuration, flow, redirectURI, limits)
      : notChecked(loginPage);
  };
  return Promise.all(PAGE_ACCOUNT_FLOWS.filter((flow) => isGiven(configuration, flow)).map(check));
}

/** Without an account that sends browsers to WeChat, the app has no login route. */
function hasLoginRoute(configuration: Configuration): boolean {
  const flows = givenFlows(configuration);
  return flows.length === 0 || flows.some(isPageFlow);
}

async function probeRunningApp(
  { configuration, url, routes }: DoctorFlags,
  limits: ProbeLimits,
): Promise<AppProbe | undefined> {
  return url && hasLoginRoute(configuration) ? checkApp(configuration, url, routes, limits) : undefined;
}

/**
 * The app to which WeChat redirects browsers: the one that the configuration names, otherwise the one that
 * the redirect URI of the running app shows.
 */
function siteToReturnTo({ configuration, routes }: DoctorFlags, app: AppProbe | undefined): Site | undefined {
  const isShown = app?.findings.some(({ id, status }) => id === 'redirect-uri' && status === 'ok');
  const given = publicSite(configuration, routes);
  return given === undefined && configuration.baseURL === undefined && isShown ? app?.site : given;
}

async function checkRunningApp(
  { configuration, url, routes, verificationFiles }: DoctorFlags,
  app: AppProbe | undefined,
  limits: ProbeLimits,
): Promise<Finding[]> {
  const site =
    app?.site ?? (url ? siteOf(url, usableBase(configuration), routes) : publicSite(configuration, routes));
  const relay = usableRelay(configuration);
  const [relayed, ...files] = await Promise.all([
    relay !== undefined && site ? checkRelay(relay, callbackURL(configuration, site), limits) : [],
    ...verificationFiles.map((file) => checkVerificationFile(site, file, limits)),
  ]);
  return [
    ...(app?.findings ?? [
      skipped('app-reachable', hasLoginRoute(configuration) ? TEXTS.noURL : TEXTS.onlyCodes),
    ]),
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
  noAppIdShown: bilingual(
    'not checked: the running app shows no valid AppID, see below',
    '未检查：没有从运行中的应用得到正确的 AppID，见下文',
  ),
  noCallback: bilingual(
    'not checked: the callback address is not known: set WECHAT_BASE_URL, or give --url of an app that responds',
    '未检查：不知道回调地址。请设置 WECHAT_BASE_URL，或用 --url 给出能访问的应用',
  ),
  noURL: bilingual('not checked: give --url', '未检查：请给出 --url'),
};
