import type { EmulatorApp } from '../apps';
import type { EmulatorUser } from '../people/users';
import { identityOf, virtualIdentityOf, type Identity } from '../people/identity';

/** The scopes that a person granted to an app. A code or a token stands for a grant. */
export interface Grant {
  readonly app: EmulatorApp;
  readonly user: EmulatorUser;
  readonly scopes: readonly string[];
  /** Whether it comes from the snapshot page: openid and unionid are then virtual. */
  readonly virtual: boolean;
}

export function grantIdentity(grant: Grant): Identity {
  return (grant.virtual ? virtualIdentityOf : identityOf)(grant.user, grant.app);
}
