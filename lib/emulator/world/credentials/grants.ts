import type { EmulatorApp } from '../apps';
import type { EmulatorUser } from '../people/users';
import { identityOf, virtualIdentityOf, type Identity } from '../people/identity';

/** What a person granted an app. Codes and tokens stand for a grant. */
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
