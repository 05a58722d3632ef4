import { endpointPath } from './endpoints';
import type { EmulatorFault, FaultOptions } from './fault';

export interface PlannedFault {
  readonly fault: EmulatorFault;
  readonly delay: number;
  readonly workDone: boolean;
}

interface Entry extends PlannedFault {
  readonly path: string;
  /** How many requests are still served normally. */
  skip: number;
  /** How many requests the fault still affects. */
  left: number;
}

/** The planned faults, oldest first. */
export class FaultPlan {
  #entries: Entry[] = [];

  /** Returns a function that withdraws the fault. */
  add(endpoint: string, fault: EmulatorFault, options: FaultOptions = {}): () => void {
    const { times = 1, delay = 0, after = 0, workDone = needsRealResponse(fault) } = options;
    const entry: Entry = { path: endpointPath(endpoint), fault, delay, workDone, skip: after, left: times };
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((each) => each !== entry);
    };
  }

  /**
   * Returns the fault for a request to this path, and counts the request as one of its `times` or `after`.
   */
  take(path: string): PlannedFault | undefined {
    for (const entry of this.#entries) {
      if (entry.path !== path) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      if (entry.left <= 0) continue;
      entry.left -= 1;
      return entry;
    }
    return undefined;
  }
}

function needsRealResponse(fault: EmulatorFault): boolean {
  if (typeof fault === 'string') return fault === 'reset-inside' || fault === 'truncated';
  return 'drip' in fault || 'delay' in fault || 'patch' in fault;
}
