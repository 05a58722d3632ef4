/**
 * `express-wechat-auth doctor`: checks the configuration, then the network, then WeChat, then the running
 * app.
 */
import { redact } from '../../redact';
import type { WechatFlow } from '../../oauth/flows';
import { bilingual, type Bilingual } from '../bilingual';
import type { Command, Terminal } from '../terminal';
import { checkApp } from './checks/app';
import { usableBase } from './checks/base-url';
import { checkConfiguration, givenFlows } from './checks/configuration';
import { checkCredentials } from './checks/credentials';
import { checkLoginPage } from './checks/login-page';
import { checkNetwork } from './checks/network';
import { checkVerificationFile } from './checks/verification-file';
import type { Configuration } from './configuration';
import { DOCTOR_HELP, readDoctorFlags, type DoctorFlags } from './doctor-flags';
import type { ProbeLimits } from './probe/http-probe';
import { callbackPath, publicURL, siteOf, type Site } from './probe/site';
import { notChecked, skipped, type CheckId, type Finding, type Group } from './report/check-list';
import { FLOW_CHECKS } from './report/flow-checks';
import { isOk, renderGroup, renderJSON, renderSummary, type OutputStyle } from './report/report';

export const doctorCommand: Command = async (args, terminal) => {
  const flags = await readDoctorFlags(args, terminal);
  if (!flags) {
    terminal.out(DOCTOR_HELP);
    return 0;
  }
  const stop = new AbortController();
  const stopped = terminal.stopped.then(() => stop.abort());
  const done = examine(flags, stop.signal, terminal);
  await Promise.race([done, stopped]);
  if (stop.signal.aborted) {
    done.catch(() => undefined);
    throw new Error('stopped before the end');
  }
  return (await done) ? 0 : 1;
};

/** Resolves to whether no check failed. */
async function examine(flags: DoctorFlags, signal: AbortSignal, terminal: Terminal): Promise<boolean> {
  const { configuration, json, language } = flags;
  const style = styleOf(flags, terminal);
  const findings: Finding[] = [];
  const add = (group: Group, found: readonly Finding[]): void => {
    const masked = found.map((finding) => mask(finding, configuration));
    findings.push(...masked);
    if (!json && !signal.aborted && masked.length > 0) terminal.out(renderGroup(group, masked, style));
  };
  const limits = { timeout: flags.timeout, signal };

  add('configuration', checkConfiguration(configuration, flags.url === undefined));
  if (isSound(findings, 'endpoints')) add('network', await checkNetwork(configuration, limits));
  add('wechat', await checkWechat(flags, findings, limits));
  add('app', await checkRunningApp(flags, limits));

  if (signal.aborted) return false;
  terminal.out(json ? renderJSON(findings, language) : renderSummary(findings, style));
  return isOk(findings);
}

function styleOf({ language }: DoctorFlags, { env, screen }: Terminal): OutputStyle {
  return {
    language,
    columns: screen?.columns ?? 80,
    isColoured: screen !== undefined && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  };
}

/** No AppSecret is printed, even if WeChat or the app echoes it. */
function mask(finding: Finding, { apps }: Configuration): Finding {
  const secrets = Object.values(apps).map(({ appSecret }) => appSecret);
  const hide = ({ en, zh }: Bilingual): Bilingual => bilingual(redact(en, secrets), redact(zh, secrets));
  return {
    ...finding,
    detail: hide(finding.detail),
    ...(finding.remedy && { remedy: hide(finding.remedy) }),
  };
}

function isSound(findings: readonly Finding[], ...needed: readonly CheckId[]): boolean {
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
  flow: WechatFlow,
  findings: readonly Finding[],
  limits: ProbeLimits,
): Promise<Finding[]> {
  const { appId, appSecret, credentials, loginPage } = FLOW_CHECKS[flow];
  // A wrong AppID may be an AppSecret in the wrong place: it is not sent anywhere.
  const found = [
    isSound(findings, appId, appSecret, 'endpoints', 'api-reachable')
      ? await checkCredentials(configuration, flow, limits)
      : notChecked(credentials),
  ];
  const site = publicSite(configuration, routes);
  if (site === undefined) return found;
  const redirectURI = publicURL(site, callbackPath(site)).href;
  return [
    ...found,
    isSound(findings, appId, 'endpoints', 'open-reachable')
      ? await checkLoginPage(configuration, flow, redirectURI, limits)
      : notChecked(loginPage),
  ];
}

async function checkRunningApp(flags: DoctorFlags, limits: ProbeLimits): Promise<Finding[]> {
  const { configuration, url, routes, verificationFiles } = flags;
  const app = url && (await checkApp(configuration, url, routes, limits));
  const site = app?.site ?? publicSite(configuration, routes);
  const files = verificationFiles.map((file) => checkVerificationFile(site, file, limits));
  return [...(app?.findings ?? [skipped('app-reachable', NO_URL)]), ...(await Promise.all(files))];
}

const NO_URL = bilingual('not checked: give --url', '未检查：请给出 --url');

function publicSite(configuration: Configuration, routes: DoctorFlags['routes']): Site | undefined {
  const base = usableBase(configuration);
  return base && siteOf(base, undefined, routes);
}
