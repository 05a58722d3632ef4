/** The options of `wechatRelay()`. */
import { findRelayFaults, readable } from '../middleware/options/option-checks';
import { OptionsError } from '../middleware/options/options-error';
import { isOptionsObject, ownCopy } from '../middleware/options/own-options';
import { fileMap } from '../middleware/http/verification-file';
import { AllowList } from './allow-list';

/** Options of `wechatRelay()`. */
export interface WechatRelayOptions {
  /**
   * The apps to which browsers are sent: an origin such as `https://staging.example.com` allows every path on
   * it, an address with a path such as `http://localhost:3000/callback` exactly that one. The list is copied.
   * Every app on it receives authorization codes of your users: trust it like production.
   */
  readonly to: readonly string[];
  /**
   * WeChat's verification files (`MP_verify_….txt`), name → content. They are served as text/plain at the
   * mount point.
   */
  readonly verificationFiles?: Readonly<Record<`${string}.txt`, string>> | undefined;
}

/** The options after they were checked. Nothing else reads the given ones. */
export interface ResolvedRelayOptions {
  readonly allowList: AllowList;
  readonly verificationFiles: ReadonlyMap<string, string>;
}

/** @throws OptionsError that lists every fault. */
export function resolveRelayOptions(given: WechatRelayOptions): ResolvedRelayOptions {
  let options = given;
  const faults = readable(() => {
    if (isOptionsObject(given)) options = ownCopy(given);
    return findRelayFaults(options);
  });
  if (faults.length > 0) throw new OptionsError(faults, 'wechatRelay()');
  return { allowList: new AllowList(options.to), verificationFiles: fileMap(options.verificationFiles) };
}
