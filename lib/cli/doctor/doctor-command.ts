/** `express-wechat-auth doctor`: from what is given outwards, to the network, WeChat and the running app. */
import { redact } from '../../redact';
import type { WechatFlow } from '../../oauth/flows';
import type { Command, Terminal } from '../terminal';
import { checkApp } from './checks/app';
import type { ProbeRequest } from './probe/http-probe';
import { usableBase } from './checks/base-url';
import { skipped, type CheckId, type Finding, type Group } from './report/check-list';
import { ID_OF, checkConfiguration, isGiven, type Configuration } from './checks/configuration';
import { DOCTOR_HELP, readDoctorFlags, type DoctorFlags } from './doctor-flags';
import { checkNetwork } from './checks/network';
import { isOk, renderGroup, renderJSON, renderSummary, type OutputStyle } from './report/report';
import { siteOf, withoutSlash, type Site } from './probe/site';
import { checkVerificationFile } from './checks/verification-file';
import { checkCredentials, checkLoginPage } from './checks/wechat';
import { bilingual } from './report/bilingual';

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

/** Resolves to whether nothing failed. */
async function examine(flags: DoctorFlags, signal: AbortSignal, terminal: Terminal): Promise<boolean> {
  const { configuration, json, language } = flags;
  const look = lookOf(flags, terminal);
  const findings: Finding[] = [];
  const add = (group: Group, found: readonly Finding[]): void => {
    const masked = found.map((finding) => mask(finding, configuration));
    findings.push(...masked);
    if (!json && !signal.aborted && masked.length > 0) terminal.out(renderGroup(group, masked, look));
  };
  const question = { timeout: flags.timeout, signal };

  add('configuration', checkConfiguration(configuration, flags.url === undefined));
  if (isSound('endpoints', findings)) add('network', await checkNetwork(configuration, question));
  add('wechat', await askWechat(flags, findings, question));
  add('app', await visitApp(flags, question));

  if (signal.aborted) return false;
  terminal.out(json ? renderJSON(findings, language) : renderSummary(findings, look));
  return isOk(findings);
}

function lookOf({ language }: DoctorFlags, { env, screen }: Terminal): OutputStyle {
  return {
    language,
    columns: screen?.columns ?? 80,
    isColoured: screen !== undefined && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  };
}

/** Nothing that was given in secret is said again, whoever repeats it. */
function mask(finding: Finding, { apps }: Configuration): Finding {
  const secrets = [apps.official.appSecret, apps.website.appSecret];
  const hide = ({ en, zh }: Finding['detail']): Finding['detail'] =>
    bilingual(redact(en, secrets), redact(zh, secrets));
  return {
    ...finding,
    detail: hide(finding.detail),
    ...(finding.remedy && { remedy: hide(finding.remedy) }),
  };
}

function isSound(id: CheckId, findings: readonly Finding[]): boolean {
  return findings.every((finding) => finding.id !== id || finding.status !== 'failed');
}

async function askWechat(
  flags: DoctorFlags,
  findings: readonly Finding[],
  question: ProbeRequest,
): Promise<Finding[]> {
  const { configuration } = flags;
  const flows = (['official', 'website'] as const).filter((flow) => isGiven(configuration.apps[flow]));
  const found = await Promise.all(flows.map((flow) => askAbout(flags, flow, findings, question)));
  return found.flat();
}

async function askAbout(
  flags: DoctorFlags,
  flow: WechatFlow,
  findings: readonly Finding[],
  question: ProbeRequest,
): Promise<Finding[]> {
  const { configuration } = flags;
  const { appId, appSecret } = ID_OF[flow];
  const credentials = flow === 'official' ? 'credentials' : 'website-credentials';
  const page = flow === 'official' ? 'login-page' : 'website-login-page';
  const isReady = (...needed: readonly CheckId[]): boolean => needed.every((id) => isSound(id, findings));
  const redirectURI = redirectOf(flags);
  return [
    // A wrong value may be a secret in the place of an id, which is nothing to send anywhere.
    isReady(appId, appSecret, 'endpoints', 'api-reachable')
      ? await checkCredentials(configuration, flow, question)
      : skipped(credentials, bilingual('not asked: correct the above first', '未询问：请先更正上文的问题')),
    ...(redirectURI === undefined
      ? []
      : [
          isReady(appId, 'endpoints', 'open-reachable')
            ? await checkLoginPage(configuration, flow, redirectURI, question)
            : skipped(page, bilingual('not asked: correct the above first', '未询问：请先更正上文的问题')),
        ]),
  ];
}

/** Where WeChat would come back to, if that is known here. */
function redirectOf({ configuration, routes }: DoctorFlags): string | undefined {
  const base = usableBase(configuration);
  return base && withoutSlash(base.href) + routes.mount + routes.callback;
}

async function visitApp(flags: DoctorFlags, question: ProbeRequest): Promise<Finding[]> {
  const { configuration, url, routes, verificationFiles } = flags;
  const walked = url && (await checkApp(configuration, url, routes, question));
  const site = walked?.site ?? publicSite(flags);
  const files = verificationFiles.map(async (file) =>
    site
      ? await checkVerificationFile(site, file, question)
      : skipped(
          'verification-file',
          bilingual('not looked at: give --url or --base-url', '未检查：请给出 --url 或 --base-url'),
        ),
  );
  const none =
    url === undefined
      ? [skipped('app-reachable', bilingual('not looked at: give --url', '未检查：请给出 --url'))]
      : [];
  return [...none, ...(walked?.findings ?? []), ...(await Promise.all(files))];
}

function publicSite({ configuration, routes }: DoctorFlags): Site | undefined {
  const base = usableBase(configuration);
  return base && siteOf(base, undefined, routes);
}
