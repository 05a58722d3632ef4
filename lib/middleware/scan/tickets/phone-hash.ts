import { shortHash } from '../../state/hash';
import type { Ticket } from './ticket';

/**
 * The hash by which a record names a phone. It differs for each ticket, so nobody who reads the store learns
 * that one phone opened several.
 */
export function hashOfPhone({ name }: Ticket, phoneId: string): string {
  return shortHash([phoneId, name]);
}
