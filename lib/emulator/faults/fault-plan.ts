import { endpointPath } from './endpoints';
import type { EmulatorFault, FaultOptions } from './fault';

export interface PlannedFault {
  readonly fault: EmulatorFault;
  readonly delay: number;
  readonly workDone: boolean;
}

interface Entry extends PlannedFault {
  readonly path: string;
  skip: number;
  left: number;
}

function needsRealResponse(fault: EmulatorFault): boolean {
  return typeof fault === 'string'
    ? fault === 'reset-inside' || fault === 'truncated'
    : 'drip' in fault || 'delay' in fault || 'patch' in fault;
}

/** The faults that are to come, oldest first. */
export class FaultPlan {
  #entries: Entry[] = [];

  add(endpoint: string, fault: EmulatorFault, options: FaultOptions = {}): () => void {
    const { times = 1, delay = 0, after = 0, workDone = needsRealResponse(fault) } = options;
    const entry: Entry = { path: endpointPath(endpoint), fault, delay, workDone, skip: after, left: times };
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((each) => each !== entry);
    };
  }

  /** The fault that a request to this path meets. */
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
