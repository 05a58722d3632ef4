import { WechatAuthError } from '../../errors';
import type { Context } from '../context';
import type { ScanLogin } from '../options/scan-login';

/**
 * @throws WechatAuthError of kind `config` if the option `scanLogin` is off, or if the option `account`
 * returned no official account with an AppSecret.
 */
export function requireScanLogin({ config }: Context): ScanLogin {
  if (config.scanLogin) return config.scanLogin;
  throw new WechatAuthError(
    'config',
    'A scan login was requested, but it is off for this account. ' +
      'Give scanLogin: true, and appId and appSecret of the official account.',
  );
}
