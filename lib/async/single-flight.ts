/** Runs one piece of work at a time for each key. Calls that arrive while it runs share its result. */
export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>();

  run(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running) return running;
    const started = work().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  /** Waits for the work of these keys that runs now, whatever its result. Returns whether any was running. */
  async settled(isChosen: (key: string) => boolean): Promise<boolean> {
    const chosen = [...this.#running].filter(([key]) => isChosen(key)).map(([, work]) => work);
    await Promise.allSettled(chosen);
    return chosen.length > 0;
  }
}
