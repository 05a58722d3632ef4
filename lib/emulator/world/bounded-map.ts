/** A map that drops its oldest entry when it is full, because an emulator may run for weeks. */
export class BoundedMap<Value> {
  readonly #entries = new Map<string, Value>();
  /**
   * The iterator from which `set` takes the oldest entry. It is kept, because a new one would first walk over
   * all entries that were dropped since V8 last compacted the map: with 50,000 entries, that took more time
   * than the rest of a login.
   */
  #oldest: MapIterator<[string, Value]> | undefined;

  /** `onDrop` gets each value that is dropped because the map is full. */
  constructor(
    readonly max: number,
    readonly onDrop: (value: Value) => void = () => undefined,
  ) {}

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.max) return;
    this.#oldest ??= this.#entries.entries();
    const oldest = this.#oldest.next();
    if (oldest.done) return;
    this.#entries.delete(oldest.value[0]);
    this.onDrop(oldest.value[1]);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    // An iterator that has not reached the end keeps the cleared entries in memory.
    this.#oldest = undefined;
  }

  values(): IterableIterator<Value> {
    return this.#entries.values();
  }
}
