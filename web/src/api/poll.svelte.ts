// An answer of the server that follows a question: asked anew when the question changes, and
// quietly again while somebody looks. It says how old it is, and never that it is newer.
import { untrack } from 'svelte';

export class Poll<T> {
  value = $state.raw<T | null>(null);
  /** When the value was had, milliseconds; 0 before the first. */
  at = $state(0);
  trouble = $state<unknown>(null);
  /** The value is of another question than the one that is asked now. */
  behind = $state(true);
  readonly #key: () => string;
  readonly #read: (signal: AbortSignal) => Promise<T>;
  #stop: AbortController | null = null;

  /** `key` is the question: what it reads of the page's state makes it be asked again. */
  constructor(key: () => string, read: (signal: AbortSignal) => Promise<T>) {
    this.#key = key;
    this.#read = read;
  }
  load = async (): Promise<void> => {
    this.#stop?.abort();
    const mine = (this.#stop = new AbortController());
    try {
      const value = await this.#read(mine.signal);
      if (mine.signal.aborted) return;
      this.value = value;
      this.at = Date.now();
      this.trouble = null;
      this.behind = false;
    } catch (e) {
      if (mine.signal.aborted) return;
      this.trouble = e;
      // What was asked is answered, with a no: the old answer is of another question.
      if (this.behind) this.value = null;
      this.behind = false;
    }
  };
  /** Asks now and every `ms` while the component lives and is in sight; called while one begins.
   *  `every` 0 asks only when the question changes. */
  follow(every: number): void {
    $effect(() => {
      this.#key();
      this.behind = true;
      untrack(() => void this.load());
      const again = every ? setInterval(() => document.hidden || void this.load(), every) : 0;
      const back = () => void (document.hidden || Date.now() - this.at < every || this.load());
      if (every) document.addEventListener('visibilitychange', back);
      return () => {
        clearInterval(again);
        document.removeEventListener('visibilitychange', back);
        this.#stop?.abort();
      };
    });
  }
}
