/**
 * What happened to the tickets that phones have opened: taken, cancelled, collected. Anybody can open tickets
 * of her own, so the marks are in a fixed number of small lists: a flood displaces marks, and nothing else.
 */
import type { SharedCache } from '../../../stores/shared-cache';
import { TICKET_LIFETIME_MS } from './ticket';

/** How a ticket ended before it expired. */
export type TicketEnd = 'cancelled' | 'collected' | 'over';

export interface Mark {
  /** The phone that took the ticket. */
  readonly phone: string;
  /** How often other phones have opened it since. */
  readonly others: number;
  readonly end?: TicketEnd;
  /** In ms since 1970. */
  readonly until: number;
}

export const MAX_LISTS = 1_024;
const MARKS_PER_LIST = 16;

/** A code that so many other phones open was passed on: it is over (RFC 10027, section 6.1.4). */
const MAX_OTHERS = 10;

type List = Readonly<Record<string, Mark>>;

export class Marks {
  readonly #cache: SharedCache;

  constructor(cache: SharedCache) {
    this.#cache = cache;
  }

  async read(name: string): Promise<Mark | undefined> {
    return ownMark(await this.#readList(name), name);
  }

  /**
   * The first phone takes the ticket.
   *
   * @returns the mark. It names another phone if the ticket was taken before.
   */
  async take(name: string, phone: string): Promise<Mark> {
    return this.#change(name, (mark) => {
      if (!mark) return newMark(phone);
      if (mark.end !== undefined || mark.phone === phone) return mark;
      const others = mark.others + 1;
      return { ...mark, others, ...(others >= MAX_OTHERS && { end: 'over' }) };
    });
  }

  /** Ends a ticket. One that has ended stays as it is. */
  async end(name: string, end: TicketEnd): Promise<Mark> {
    return this.#change(name, (mark = newMark('')) => (mark.end === undefined ? { ...mark, end } : mark));
  }

  async #change(name: string, change: (mark: Mark | undefined) => Mark): Promise<Mark> {
    const key = listKey(name);
    return this.#cache.lock(key, async () => {
      const list = await this.#readList(name);
      const before = ownMark(list, name);
      const after = change(before);
      if (after !== before)
        await this.#cache.writeCache(key, withMark(list, name, after), TICKET_LIFETIME_MS);
      return after;
    });
  }

  async #readList(name: string): Promise<List> {
    return ((await this.#cache.readCache(listKey(name))) ?? {}) as List;
  }
}

function newMark(phone: string): Mark {
  return { phone, others: 0, until: Date.now() + TICKET_LIFETIME_MS };
}

function ownMark(list: List, name: string): Mark | undefined {
  const mark = Object.hasOwn(list, name) ? list[name] : undefined;
  return mark && mark.until > Date.now() ? mark : undefined;
}

function withMark(list: List, name: string, mark: Mark): List {
  const others = Object.entries(list).filter(([other, { until }]) => other !== name && until > Date.now());
  return Object.fromEntries([...others.slice(1 - MARKS_PER_LIST), [name, mark]]);
}

function listKey(name: string): string {
  return `scan-marks:${Number.parseInt(name.slice(0, 8), 16) % MAX_LISTS}`;
}
