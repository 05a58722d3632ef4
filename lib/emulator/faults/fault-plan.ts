import { endpointPath } from './endpoints';
import type { EmulatorFault, FaultMatch, FaultOptions } from './fault';

export interface PlannedFault {
  readonly fault: EmulatorFault;
  readonly delay: number;
  readonly workDone: boolean;
}

/** A planned fault as `state()` reports it. */
export interface FaultEntry {
  /** The id by which the fault is withdrawn over HTTP. */
  readonly id: string;
  /** The path of the endpoint, such as `/sns/userinfo`. */
  readonly endpoint: string;
  /** What goes wrong. */
  readonly fault: EmulatorFault;
  /** How many requests it still affects. */
  readonly times: number;
  /** How many requests are still served normally before. */
  readonly after: number;
  /** Ms of real time before it happens. */
  readonly delay: number;
  /** Whether the endpoint does its work. */
  readonly workDone: boolean;
  /** The requests that the fault affects; undefined if it affects all requests to the endpoint. */
  readonly match?: FaultMatch;
}

/** The subject of a request, as far as it is known before the endpoint does its work. */
export type FaultSubject = { readonly [K in keyof FaultMatch]-?: string | undefined };

type Entry = { -readonly [K in keyof FaultEntry]: FaultEntry[K] };

/** The planned faults, oldest first. A fault that has affected all its requests is dropped. */
export class FaultPlan {
  #entries: Entry[] = [];
  #added = 0;

  /** @throws Error if the endpoint does not exist. */
  add(endpoint: string, fault: EmulatorFault, options: FaultOptions = {}): FaultEntry {
    const { times = 1, delay = 0, after = 0, workDone = needsRealResponse(fault), match } = options;
    const path = endpointPath(endpoint);
    this.#added += 1;
    const entry: Entry = {
      id: `fault-${this.#added}`,
      endpoint: path,
      fault,
      times,
      after,
      delay,
      workDone,
      ...(match && { match: { ...match } }),
    };
    if (times > 0) this.#entries.push(entry);
    return entry;
  }

  /** Returns false if there is no such fault, because it was withdrawn or has affected all its requests. */
  remove(id: string): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
    return this.#entries.length < before;
  }

  clear(): void {
    this.#entries = [];
  }

  list(): FaultEntry[] {
    return this.#entries.map((entry) => ({ ...entry }));
  }

  /**
   * Returns the fault for a request to this path, and counts the request as one of its `times` or `after`.
   * `subjectOf` is called only if a fault has conditions.
   */
  take(path: string, subjectOf: () => FaultSubject): PlannedFault | undefined {
    let subject: FaultSubject | undefined;
    for (const entry of this.#entries) {
      if (entry.endpoint !== path) continue;
      if (entry.match && !fits(entry.match, (subject ??= subjectOf()))) continue;
      if (entry.after > 0) {
        entry.after -= 1;
        continue;
      }
      entry.times -= 1;
      if (entry.times <= 0) this.remove(entry.id);
      return entry;
    }
    return undefined;
  }
}

function fits(match: FaultMatch, subject: FaultSubject): boolean {
  const names = Object.keys(match) as (keyof FaultMatch)[];
  return names.every((name) => match[name] === undefined || match[name] === subject[name]);
}

export function needsRealResponse(fault: EmulatorFault): boolean {
  if (typeof fault === 'string') return fault === 'reset-inside' || fault === 'truncated';
  return 'drip' in fault || 'delay' in fault || 'patch' in fault;
}

/** The fault as one line of JSON, for the request log. */
export function describeFault(fault: EmulatorFault): string {
  return JSON.stringify(readableFault(fault));
}

/** The fault as JSON can express it: a function and bytes are described in words. */
export function readableFault(fault: EmulatorFault): unknown {
  if (typeof fault !== 'object') return fault;
  if ('patch' in fault && typeof fault.patch === 'function') return { patch: 'a function' };
  const isBytes = 'body' in fault && Buffer.isBuffer(fault.body);
  return isBytes ? { ...fault, body: `${fault.body.length} bytes` } : fault;
}
