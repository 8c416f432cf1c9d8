// One clock for everything that counts down on a page: it ticks once a second while anybody looks.
class Clock {
  now = $state(Date.now());
  #count = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Ticks while the component lives; called while one begins. */
  watch(): void {
    $effect(() => {
      this.now = Date.now();
      this.#timer ??= setInterval(() => (this.now = Date.now()), 1000);
      this.#count += 1;
      return () => {
        this.#count -= 1;
        if (this.#count) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      };
    });
  }
}
export const clock = new Clock();
