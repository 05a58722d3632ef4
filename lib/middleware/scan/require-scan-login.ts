import { WechatAuthError } from '../../errors';
import type { Context } from '../context';
import type { ScanLogin } from '../options/scan-login';

/** @throws WechatAuthError of kind `config` where the option `scanLogin` is off. */
export function requireScanLogin({ config }: Context): ScanLogin {
  if (config.scanLogin) return config.scanLogin;
  throw new WechatAuthError(
    'config',
    'A scan login was requested, but scanLogin is off. Give scanLogin: true.',
  );
}
