/** Checks the form of AppIDs and AppSecrets. */
import { isAppId, isAppSecret } from '../../../oauth/credentials';
import { FLOWS, ACCOUNT_FLOWS, type AccountFlow } from '../../../oauth/flows';
import { EMULATOR_APP_IDS } from '../../../middleware/options/credential-faults';
import { bilingual, type Bilingual } from '../../bilingual';
import { appOf, componentOf, takesAppIdFromApp, usesRealWechat, type Configuration } from '../configuration';
import { failed, ok, skipped, warning, type CheckId, type Fault, type Finding } from '../report/check-list';
import { FLOW_CHECKS } from '../report/flow-checks';
import { findStray, removeStray } from '../report/stray-characters';

/** @param isAppChecked whether a running app is checked, too */
export function checkAppId(configuration: Configuration, flow: AccountFlow, isAppChecked: boolean): Finding {
  const id = FLOW_CHECKS[flow].appId;
  const source = sourceOf(configuration, flow, 'appId');
  const { appId } = appOf(configuration, flow);
  if (appId === undefined && takesAppIdFromApp(configuration, flow))
    return isAppChecked ? skipped(id, TEXTS.fromApp) : failed(id, TEXTS.missingApp(source));
  if (appId === undefined || appId.trim() === '') return failed(id, TEXTS.missing(source));
  const stray = findStray(appId);
  if (stray) return failed(id, TEXTS.stray(stray, source));
  // wechatAuth() refuses both.
  if (isAppSecret(appId)) return failed(id, TEXTS.secretAsId);
  if (appId.startsWith('gh_')) return failed(id, TEXTS.originalId(flow));
  if (!isAppId(appId))
    return wrongForm(configuration, id, /^w[wk]/.test(appId) ? TEXTS.wecomId : TEXTS.appIdForm(appId, flow));
  if (EMULATOR_APP_IDS.includes(appId) && usesRealWechat(configuration))
    return failed(id, TEXTS.emulatorAppId(appId, flow));
  const earlier = ACCOUNT_FLOWS.slice(0, ACCOUNT_FLOWS.indexOf(flow));
  const other = earlier.find((each) => appOf(configuration, each).appId === appId);
  return other ? failed(id, TEXTS.sameAppId(other, flow)) : ok(id, bilingual(appId, appId));
}

/** No app is given. That is a failure, unless a running app is checked: its checks need no app. */
export function checkNoApp(configuration: Configuration, isAppChecked: boolean): Finding[] {
  const id = checkNoAppId(configuration, isAppChecked);
  // One account of many has an AppSecret, which can be given.
  return configuration.accountBy === undefined ? [id] : [id, checkAppSecret(configuration, 'official')];
}

function checkNoAppId(configuration: Configuration, isAppChecked: boolean): Finding {
  const { appId: id } = FLOW_CHECKS.official;
  // Here `--account` names a host or a path: with an AppID, an app would be given.
  const isOneOfMany = configuration.accountBy !== undefined;
  if (isAppChecked) return skipped(id, isOneOfMany ? TEXTS.fromApp : TEXTS.noApp.detail);
  return failed(
    id,
    isOneOfMany ? TEXTS.missingApp(sourceOf(configuration, 'official', 'appId')) : TEXTS.noApp,
  );
}

export function checkAppSecret(configuration: Configuration, flow: AccountFlow): Finding {
  const id = FLOW_CHECKS[flow].appSecret;
  const source = sourceOf(configuration, flow, 'appSecret');
  const { appSecret } = appOf(configuration, flow);
  const component = componentOf(configuration, flow);
  if (component) return skipped(id, TEXTS.platform(component.appId));
  if (appSecret === undefined && configuration.accountBy) return skipped(id, TEXTS.notGiven(source));
  if (appSecret === undefined || appSecret.trim() === '') return failed(id, TEXTS.missing(source));
  const stray = findStray(appSecret);
  if (stray) return failed(id, TEXTS.stray(stray, source));
  if (isAppSecret(appSecret)) return ok(id, TEXTS.rightSecret);
  if (isAppId(appSecret)) return failed(id, TEXTS.idAsSecret);
  return wrongForm(configuration, id, TEXTS.secretForm(appSecret.length, flow));
}

/** Only a warning if WeChat is not used: an emulator or a gateway may use ids of another form. */
function wrongForm(configuration: Configuration, id: CheckId, fault: Fault): Finding {
  return usesRealWechat(configuration) ? failed(id, fault) : warning(id, fault);
}

const TEXTS = {
  missing: (source: string) => ({
    detail: bilingual('is missing', '缺失'),
    remedy: bilingual(`Set ${source}.`, `请设置 ${source}。`),
  }),
  fromApp: bilingual('taken from the running app, see below', '取自运行中的应用，见下文'),
  noApp: {
    detail: bilingual(
      'neither an official account nor a website app is given (--env-file .env reads them from a file)',
      '没有给出服务号，也没有给出网站应用（--env-file .env 可从文件读取）',
    ),
    remedy: bilingual(
      'Set WECHAT_APP_ID and WECHAT_APP_SECRET (pages inside WeChat), WECHAT_WEBSITE_APP_ID and ' +
        'WECHAT_WEBSITE_APP_SECRET (QR code login), or both. If they are in a file, name it: --env-file .env.',
      '请设置 WECHAT_APP_ID 与 WECHAT_APP_SECRET（微信内网页），' +
        'WECHAT_WEBSITE_APP_ID 与 WECHAT_WEBSITE_APP_SECRET（扫码登录），或两者都设置。如果写在文件中，请指定该文件：--env-file .env。',
    ),
  },
  missingApp: (flag: string) => ({
    detail: bilingual('is missing', '缺失'),
    remedy: bilingual(
      `Give --url of the running app, which shows the AppID of the account, or ${flag}.`,
      `请用 --url 给出运行中的应用，doctor 会从中得到该账号的 AppID；或给出 ${flag}。`,
    ),
  }),
  stray: (detail: Bilingual, source: string) => ({
    detail,
    remedy: removeStray(source),
  }),
  appIdForm: (appId: string, flow: AccountFlow) => ({
    detail: bilingual(
      `is not wx and 16 characters of 0-9, a-f: it has ${appId.length} characters`,
      `共 ${appId.length} 个字符，不是 wx 加 16 位 0-9、a-f`,
    ),
    remedy: copyAppId(flow),
  }),
  emulatorAppId: (appId: string, flow: AccountFlow) => {
    const { label, credentials } = FLOWS[flow];
    const { env } = credentials;
    return {
      detail: bilingual(
        `${appId} belongs to the emulator, and the real WeChat does not know it`,
        `${appId} 属于模拟器，真实的微信不认识它`,
      ),
      remedy: bilingual(
        `Replace ${env.appId} and ${env.appSecret}, or delete both if you have no ${label.en}. ${copyAppId(flow).en} ` +
          "Ignore this if the emulator stands in for WeChat's hosts.",
        `请更换 ${env.appId} 与 ${env.appSecret}；没有${label.zh}就删掉这两行。${copyAppId(flow).zh}` +
          '由模拟器代替微信的域名时可以忽略。',
      ),
    };
  },
  sameAppId: (other: AccountFlow, flow: AccountFlow) => ({
    detail: bilingual(
      `is the same as the AppID of the ${FLOWS[other].label.en}`,
      `与${FLOWS[other].label.zh}的 AppID 相同`,
    ),
    remedy: bilingual(
      `${sentence(FLOWS[other].label.en)} and ${FLOWS[flow].label.en} are two different apps, so one of the two ` +
        `AppIDs is wrong. Compare them with ${FLOWS[other].consoleMenu.appId}, and ` +
        `${FLOWS[flow].consoleMenu.appId}.`,
      `${FLOWS[other].label.zh}与${FLOWS[flow].label.zh}是两个不同的应用，两个 AppID 中有一个是错的。` +
        `请分别核对：${FLOWS[other].consoleMenu.appId}；${FLOWS[flow].consoleMenu.appId}。`,
    ),
  }),
  secretAsId: {
    detail: bilingual('looks like an AppSecret', '看起来是 AppSecret'),
    remedy: bilingual(
      'AppID and AppSecret are swapped: an AppID is wx and 16 characters.',
      'AppID 与 AppSecret 填反了：AppID 为 wx 加 16 个字符。',
    ),
  },
  originalId: (flow: AccountFlow) => ({
    detail: bilingual('is the original id of the account (gh_…)', '是账号的原始 ID（gh_…）'),
    remedy: bilingual(
      `The AppID begins with wx. ${copyAppId(flow).en}`,
      `AppID 以 wx 开头。${copyAppId(flow).zh}`,
    ),
  }),
  wecomId: {
    detail: bilingual('is an id of WeCom (企业微信)', '是企业微信的 ID'),
    remedy: bilingual(
      'WeCom has its own login, which this package does not support. ' +
        'Use the AppID of an official account or a website app, of a mini program or a mobile app.',
      '企业微信使用另一套登录，本包不支持。请使用服务号、网站应用、小程序或移动应用的 AppID。',
    ),
  },
  platform: (appId: string) =>
    bilingual(`the platform ${appId} acts for the account`, `由第三方平台 ${appId} 代理，不需要 AppSecret`),
  notGiven: (flag: string) => bilingual(`not given (${flag} -)`, `未给出（${flag} -）`),
  rightSecret: bilingual('32 characters', '32 位'),
  idAsSecret: {
    detail: bilingual('looks like an AppID', '看起来是 AppID'),
    remedy: bilingual(
      'AppID and AppSecret are swapped: an AppSecret is 32 characters of 0-9, a-f.',
      'AppID 与 AppSecret 填反了：AppSecret 为 32 位 0-9、a-f。',
    ),
  },
  secretForm: (length: number, flow: AccountFlow) => ({
    detail:
      length === 32
        ? bilingual('has characters other than 0-9, a-f', '含有 0-9、a-f 以外的字符')
        : bilingual(`has ${length} characters instead of 32`, `有 ${length} 位，应为 32 位`),
    remedy: bilingual(
      'Copy all of it. The console shows it only once, when it is created or reset ' +
        `(a reset makes the old one invalid): ${FLOWS[flow].consoleMenu.appSecret}.`,
      `请完整复制。后台只在生成或重置时显示一次（重置后旧的立即失效）：${FLOWS[flow].consoleMenu.appSecret}。`,
    ),
  }),
};

function sentence(label: string): string {
  return label.charAt(0).toUpperCase() + label.slice(1);
}

function copyAppId(flow: AccountFlow): Bilingual {
  const { appId } = FLOWS[flow].consoleMenu;
  return bilingual(`Copy it from ${appId}.`, `请复制 AppID：${appId}。`);
}

/**
 * The setting that a remedy names: the environment variable, even if the value came from the flag; for one
 * account of many the flag, because the environment is not read.
 */
function sourceOf({ accountBy }: Configuration, flow: AccountFlow, value: 'appId' | 'appSecret'): string {
  // The ids of these checks are the names of the flags.
  return accountBy ? `--${FLOW_CHECKS[flow][value]}` : FLOWS[flow].credentials.env[value];
}
