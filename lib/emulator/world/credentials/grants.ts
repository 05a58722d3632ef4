import type { EmulatorApp } from '../apps/apps';
import type { EmulatorUser } from '../people/users';
import { identityOf, virtualIdentityOf, type Identity } from '../people/identity';

/** The scopes that a person granted to an app. A code or a token stands for a grant. */
export interface Grant {
  readonly app: EmulatorApp;
  readonly user: EmulatorUser;
  readonly scopes: readonly string[];
  /** Whether it comes from the snapshot page: openid and unionid are then virtual. */
  readonly virtual: boolean;
  /** The third-party platform (`component_appid`) that asked for the grant; undefined without one. */
  readonly component?: string | undefined;
}

/** Whether a grant gives the openid alone, so that WeChat neither asks the person nor shows the profile. */
export function isBaseOnly({ scopes }: Pick<Grant, 'scopes'>): boolean {
  return scopes.every((scope) => scope === 'snsapi_base');
}

export function grantIdentity(grant: Grant): Identity {
  return (grant.virtual ? virtualIdentityOf : identityOf)(grant.user, grant.app);
}
