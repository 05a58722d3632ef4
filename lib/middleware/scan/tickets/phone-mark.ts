import crypto from 'node:crypto';
import type { Ticket } from './ticket';

/** How a mark names a phone: the store learns nothing that another ticket or session would show. */
export function markOf({ name }: Ticket, phoneId: string): string {
  return crypto.createHash('sha256').update(`${phoneId} ${name}`).digest('base64url').slice(0, 22);
}
