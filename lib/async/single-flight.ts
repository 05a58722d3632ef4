/** One piece of work at a time per key: whoever comes meanwhile gets its result. */
export class Flights<T> {
  readonly #flying = new Map<string, Promise<T>>();

  join(key: string, work: () => Promise<T>): Promise<T> {
    const flying = this.#flying.get(key);
    if (flying) return flying;
    const started = work().finally(() => this.#flying.delete(key));
    this.#flying.set(key, started);
    return started;
  }
}
