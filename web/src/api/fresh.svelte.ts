// An answer of the server that a page keeps fresh: what it said last, when, what went wrong since.

export class Fresh<T> {
  value = $state.raw<T | null>(null);
  /** When it was last had, microseconds; 0 before the first answer. */
  at = $state(0);
  trouble = $state<unknown>(null);
  readonly #read: () => Promise<T>;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }
  load = async (): Promise<void> => {
    try {
      this.value = await this.#read();
      this.at = Date.now() * 1000;
      this.trouble = null;
    } catch (e) {
      this.trouble = e;
    }
  };
  /** Asks now and every `ms` while the component lives; called while one begins. */
  every(ms: number): void {
    $effect(() => {
      void this.load();
      const again = setInterval(() => void this.load(), ms);
      return () => clearInterval(again);
    });
  }
}
