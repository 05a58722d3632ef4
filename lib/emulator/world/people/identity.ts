import { createHash } from 'node:crypto';
import type { EmulatorApp } from '../apps';
import type { EmulatorUser } from './users';

// Derived, not drawn: the same person has the same ids in every run, so a developer's database stays valid.
function deriveId(...parts: string[]): string {
  return `o${createHash('sha256').update(parts.join('\0')).digest('base64url').slice(0, 27)}`;
}

export interface Identity {
  readonly openid: string;
  /** Only where the app is bound to an Open Platform account. */
  readonly unionid: string | undefined;
}

/** A person's ids at an app: 28 characters, the first an `o`. */
export function identityOf(user: EmulatorUser, app: EmulatorApp): Identity {
  return {
    openid: deriveId('openid', app.appId, user.id),
    unionid: app.openPlatform === undefined ? undefined : deriveId('unionid', app.openPlatform, user.id),
  };
}

/** The ids of a snapshot page's virtual user: an openid of its own, and a unionid that all of them share. */
export function virtualIdentityOf(user: EmulatorUser, app: EmulatorApp): Identity {
  return {
    openid: deriveId('virtual openid', app.appId, user.id),
    unionid: app.openPlatform === undefined ? undefined : deriveId('virtual unionid', app.openPlatform),
  };
}
