/**
 * Checks the credentials in the options, or in a result of the option `account`: whether they fit together,
 * and whether they are the emulator's although logins go to the real WeChat.
 */
import { WECHAT } from '../../oauth/endpoints';
import { ACCOUNT_FLOWS, FLOWS, isPageFlow, type AccountFlow } from '../../oauth/flows';
import type { Warnings } from '../../warnings';
import { credentialsOf, type CredentialOptions } from './environment';
import type { AuthOptions } from './options';
import { NO_ACCOUNT, type OptionFault } from './options-error';

/** The options that give credentials. The option `account` excludes them. */
const CREDENTIAL_OPTIONS = [
  'appId',
  'appSecret',
  'website',
  'miniProgram',
  'mobileApp',
  'component',
] as const satisfies readonly (keyof CredentialOptions)[];

/** @param readsEnvironment whether environment variables stand in for credentials that are not given */
export function* credentialFaults(
  options: CredentialOptions,
  readsEnvironment: boolean,
): Generator<OptionFault> {
  const { appSecret, component } = options;
  if (CREDENTIAL_OPTIONS.every((name) => options[name] === undefined)) {
    yield {
      path: 'appId',
      message:
        `${NO_ACCOUNT}. Give appId and appSecret of the official account (for pages inside WeChat), ` +
        'website: { appId, appSecret } (for the QR code login), or both; miniProgram or mobileApp for codes that a ' +
        'client posts' +
        (readsEnvironment ? '; or set WECHAT_APP_ID and WECHAT_APP_SECRET.' : '.'),
    };
  }
  for (const flow of ACCOUNT_FLOWS) {
    const { option, env } = FLOWS[flow].credentials;
    const given = credentialsOf(options, flow);
    const prefix = option === undefined ? '' : `${option}.`;
    const orSet = (variable: string): string => (readsEnvironment ? `, or set ${variable}` : '');
    const platform = option === undefined ? component : undefined;
    if (given.appId !== undefined && given.appSecret === undefined && platform === undefined)
      yield { path: `${prefix}appSecret`, message: `is missing. Give it${orSet(env.appSecret)}.` };
    if (given.appId === undefined && (given.appSecret !== undefined || platform !== undefined))
      yield { path: `${prefix}appId`, message: `is missing. Give it${orSet(env.appId)}.` };
  }
  if (component !== undefined && appSecret !== undefined) {
    yield {
      path: 'component',
      message:
        'is given beside appSecret. A platform acts for an account without its AppSecret: leave one of the two out.',
    };
  }
}

export function* flowFaults(flow: AuthOptions['flow'], options: CredentialOptions): Generator<OptionFault> {
  if (!isPageFlow(flow) || credentialsOf(options, FLOWS[flow].account).appId !== undefined) return;
  const { label, credentials } = FLOWS[flow];
  yield {
    path: 'flow',
    message: `is '${flow}', but there is no ${label.en}. Give ${credentials.example}.`,
  };
}

/** The option `account` excludes accounts that are the same for all requests. */
export function* besideAccountFaults(options: AuthOptions): Generator<OptionFault> {
  const given = CREDENTIAL_OPTIONS.filter((name) => options[name] !== undefined);
  if (given.length === 0) return;
  yield {
    path: 'account',
    message:
      `is given beside ${given.join(' and ')}. The function account returns the credentials of each request: ` +
      `return them there, and leave ${given.join(' and ')} out.`,
  };
}

/**
 * The AppIDs of the emulator's preset apps, which the real WeChat does not know. The emulator shares no code
 * with the library: a test compares this list with its presets.
 */
export const EMULATOR_APP_IDS: readonly string[] = [
  'wx0f1c1a10e0000001',
  'wxeb517e0000000002',
  'wx3141970000000003',
  'wx0b0d000000000004',
];

/**
 * Only a warning: where the emulator stands in for WeChat's hosts (proxy, hosts file), its AppIDs are used
 * with WeChat's addresses on purpose.
 */
export function warnOfEmulatorApp(
  appid: string,
  flow: AccountFlow,
  endpoints: AuthOptions['endpoints'],
  warnings: Warnings,
): void {
  const name = isPageFlow(flow) ? 'open' : 'api';
  const address = endpoints?.[name] ?? WECHAT[name];
  if (!EMULATOR_APP_IDS.includes(appid) || address.replace(/\/$/, '') !== WECHAT[name]) return;
  const { label, credentials } = FLOWS[flow];
  const { appId, appSecret } = credentials.env;
  warnings.once(
    'WECHAT_EMULATOR_APP_ID',
    {
      en:
        `The AppID of the ${label.en}, ${appid}, is one of the emulator's, and the real WeChat does not know it. ` +
        `Replace ${appId} and ${appSecret} by those of your app, or delete both if you have none. ` +
        "Ignore this if the emulator stands in for WeChat's hosts.",
      zh:
        `${label.zh}的 AppID ${appid} 属于模拟器，真实的微信不认识它。` +
        `请把 ${appId} 与 ${appSecret} 换成自己的；没有${label.zh}就删掉这两行。由模拟器代替微信的域名时可以忽略。`,
    },
    appid,
  );
}
