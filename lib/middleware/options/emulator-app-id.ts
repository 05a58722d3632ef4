/** Recognizes the AppIDs of the emulator's preset apps, which the real WeChat does not know. */
import { WECHAT } from '../../oauth/endpoints';
import { FLOWS, isPageFlow, type AccountFlow } from '../../oauth/flows';
import type { Warnings } from '../../warnings';
import type { AuthOptions } from './options';

/** The emulator shares no code with the library: a test compares this list with its presets. */
export const EMULATOR_APP_IDS: readonly string[] = [
  'wx0f1c1a10e0000001',
  'wxeb517e0000000002',
  'wx3141970000000003',
  'wx0b0d000000000004',
];

/**
 * Only a warning: where the emulator stands in for WeChat's hosts (proxy, hosts file), its AppIDs are used with
 * WeChat's addresses on purpose.
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
