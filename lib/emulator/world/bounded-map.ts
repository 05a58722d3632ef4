/** A map that drops its oldest entry when it is full, because an emulator may run for weeks. */
export class BoundedMap<Value> {
  readonly #entries = new Map<string, Value>();

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
    const oldest = this.#entries.entries().next();
    if (oldest.done) return;
    this.#entries.delete(oldest.value[0]);
    this.onDrop(oldest.value[1]);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  values(): IterableIterator<Value> {
    return this.#entries.values();
  }
}
