/**
 * What happened to the tickets that phones have opened: taken, cancelled, collected. Anybody can open tickets
 * of her own, so the records are in a fixed number of small lists: a flood displaces records, and nothing
 * else.
 */
import type { SharedCache } from '../../../stores/shared-cache';
import { TICKET_LIFETIME_MS } from './ticket';

/** How a ticket ended before it expired. */
export type TicketEnd = 'cancelled' | 'collected' | 'over';

export interface TicketRecord {
  /** The phone that took the ticket. */
  readonly phone: string;
  /** How often other phones have opened it since. */
  readonly others: number;
  readonly end?: TicketEnd;
  /** In ms since 1970. */
  readonly until: number;
}

export const MAX_LISTS = 1_024;
const RECORDS_PER_LIST = 16;

/**
 * A code that other phones have opened this often was passed on: its ticket ends (RFC 10027, section 6.1.4).
 */
const MAX_OTHERS = 10;

type List = Readonly<Record<string, TicketRecord>>;

export class TicketRecords {
  readonly #cache: SharedCache;

  constructor(cache: SharedCache) {
    this.#cache = cache;
  }

  async read(name: string): Promise<TicketRecord | undefined> {
    return recordOf(await this.#readList(name), name);
  }

  /**
   * The first phone takes the ticket.
   *
   * @returns the record. It names another phone if the ticket was taken before.
   */
  async take(name: string, phone: string): Promise<TicketRecord> {
    return this.#change(name, (record) => {
      if (!record) return newRecord(phone);
      if (record.end !== undefined || record.phone === phone) return record;
      const others = record.others + 1;
      return { ...record, others, ...(others >= MAX_OTHERS && { end: 'over' }) };
    });
  }

  /** Ends a ticket. One that has ended stays as it is. */
  async end(name: string, end: TicketEnd): Promise<TicketRecord> {
    return this.#change(name, (record = newRecord('')) =>
      record.end === undefined ? { ...record, end } : record,
    );
  }

  /**
   * Locks the list only if the record changes: a flood of requests for one ticket must not delay the other
   * tickets in its list.
   */
  async #change(
    name: string,
    change: (record: TicketRecord | undefined) => TicketRecord,
  ): Promise<TicketRecord> {
    const known = await this.read(name);
    if (known && change(known) === known) return known;
    const key = listKey(name);
    return this.#cache.lock(key, async () => {
      const list = await this.#readList(name);
      const before = recordOf(list, name);
      const after = change(before);
      if (after !== before)
        await this.#cache.writeCache(key, withRecord(list, name, after), TICKET_LIFETIME_MS);
      return after;
    });
  }

  async #readList(name: string): Promise<List> {
    return ((await this.#cache.readCache(listKey(name))) ?? {}) as List;
  }
}

function newRecord(phone: string): TicketRecord {
  return { phone, others: 0, until: Date.now() + TICKET_LIFETIME_MS };
}

function recordOf(list: List, name: string): TicketRecord | undefined {
  const record = Object.hasOwn(list, name) ? list[name] : undefined;
  return record && record.until > Date.now() ? record : undefined;
}

function withRecord(list: List, name: string, record: TicketRecord): List {
  const others = Object.entries(list).filter(([other, { until }]) => other !== name && until > Date.now());
  return Object.fromEntries([...others.slice(1 - RECORDS_PER_LIST), [name, record]]);
}

function listKey(name: string): string {
  return `scan-tickets:${Number.parseInt(name.slice(0, 8), 16) % MAX_LISTS}`;
}
