import { shortHash } from '../../state/hash';
import type { Ticket } from './ticket';

/** How a record names a phone: the store learns nothing that another ticket or session would show. */
export function hashOfPhone({ name }: Ticket, phoneId: string): string {
  return shortHash([phoneId, name]);
}
