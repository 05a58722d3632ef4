/** Checks the configuration without a request. A value that may be a secret is not printed. */
import { ACCOUNT_FLOWS, type AccountFlow } from '../../../oauth/flows';
import { bilingual } from '../../bilingual';
import { isGiven, usesRealPages, type Configuration } from '../configuration';
import { warning, type Finding } from '../report/check-list';
import { checkAppId, checkAppSecret, checkNoApp } from './app-credentials';
import { checkBaseURL, checkRelayAddress } from './base-url';
import { checkEndpoints } from './endpoints';

/** The flows whose AppID or AppSecret was given. */
export function givenFlows(configuration: Configuration): readonly AccountFlow[] {
  return ACCOUNT_FLOWS.filter((flow) => isGiven(configuration, flow));
}

/** @param isAppChecked whether a running app is checked, too */
export function checkConfiguration(configuration: Configuration, isAppChecked: boolean): Finding[] {
  const flows = givenFlows(configuration);
  const { relay } = configuration;
  return [
    ...(configuration.hasSecretInFlag ? [warning('secret-in-flag', TEXTS.secretInFlag)] : []),
    ...(flows.length === 0 ? checkNoApp(configuration, isAppChecked) : []),
    ...flows.flatMap((flow) => [
      checkAppId(configuration, flow, isAppChecked),
      checkAppSecret(configuration, flow),
    ]),
    checkBaseURL(configuration.baseURL, usesRealPages(configuration), relay !== undefined),
    ...(relay === undefined ? [] : [checkRelayAddress(relay, usesRealPages(configuration))]),
    checkEndpoints(configuration),
  ];
}

const TEXTS = {
  secretInFlag: {
    detail: bilingual(
      'a secret is on the command line, where every user of this machine sees it in the process list',
      '命令行中写有密钥，本机任何用户都能在进程列表中看到',
    ),
    remedy: bilingual(
      'Put an AppSecret into the environment (WECHAT_APP_SECRET). Or give - as the value (--app-secret -), ' +
        'and the secret on the standard input.',
      'AppSecret 请改用环境变量（WECHAT_APP_SECRET）；或把选项的值写成 -（--app-secret -），从标准输入读取。',
    ),
  },
};
