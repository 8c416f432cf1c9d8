import { V1 } from './call';

type Listener = (data: unknown) => void;

// Server-sent events: one connection for the page, opened by the first listener.
class Live {
  up = $state(false);
  lastAt = $state<number | null>(null);
  #source: EventSource | null = null;
  #count = 0;

  on(name: string, hear: Listener): () => void {
    this.#source ??= this.#open();
    this.#count += 1;
    const listener = (e: MessageEvent<string>) => {
      this.up = true;
      this.lastAt = Date.now();
      try {
        hear(JSON.parse(e.data));
      } catch {
        // A line we cannot read changes nothing on the page.
      }
    };
    this.#source.addEventListener(name, listener);
    const source = this.#source;
    return () => {
      source.removeEventListener(name, listener);
      this.#count -= 1;
      if (this.#count === 0) {
        source.close();
        this.#source = null;
        this.up = false;
      }
    };
  }

  #open(): EventSource {
    const s = new EventSource(`${V1}/events`);
    s.onopen = () => {
      this.up = true;
      this.lastAt = Date.now();
    };
    s.onerror = () => (this.up = false);
    return s;
  }
}
export const live = new Live();
