import { createHash } from 'node:crypto';
import type { EmulatorApp } from '../apps/apps';
import type { EmulatorUser } from './users';

export interface Identity {
  readonly openid: string;
  /** Undefined if the app is not bound to an Open Platform account. */
  readonly unionid: string | undefined;
}

/** A person's openid and unionid at an app: 28 characters that begin with `o`. */
export function identityOf(user: EmulatorUser, app: EmulatorApp): Identity {
  return {
    openid: deriveId('openid', app.appId, user.id),
    unionid: app.openPlatform === undefined ? undefined : deriveId('unionid', app.openPlatform, user.id),
  };
}

/**
 * The ids of the snapshot page's virtual user. All virtual users share one unionid at the apps of one Open
 * Platform account.
 */
export function virtualIdentityOf(user: EmulatorUser, app: EmulatorApp): Identity {
  return {
    openid: deriveId('virtual openid', app.appId, user.id),
    unionid: app.openPlatform === undefined ? undefined : deriveId('virtual unionid', app.openPlatform),
  };
}

// An id is a hash and not random: a person has the same ids in every run, so a developer's database stays
// valid.
function deriveId(...parts: string[]): string {
  return `o${createHash('sha256').update(parts.join('\0')).digest('base64url').slice(0, 27)}`;
}
