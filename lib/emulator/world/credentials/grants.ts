import type { EmulatorApp } from '../apps';
import type { EmulatorUser } from '../people/users';
import { identityOf, virtualIdentityOf, type Identity } from '../people/identity';

/** What a person allowed an app: the substance of a code and of the tokens bought with it. */
export interface Grant {
  readonly app: EmulatorApp;
  readonly user: EmulatorUser;
  readonly scopes: readonly string[];
  /** Given by the snapshot page: the ids are virtual. */
  readonly virtual: boolean;
}

export function grantIdentity(grant: Grant): Identity {
  return (grant.virtual ? virtualIdentityOf : identityOf)(grant.user, grant.app);
}
