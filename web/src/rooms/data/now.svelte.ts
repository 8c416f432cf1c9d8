// One clock for the ages on a page: it ticks while somebody looks.
let at = $state(Date.now());
let users = 0;
let turn: ReturnType<typeof setInterval> | undefined;

export const now = {
  get at(): number {
    return at;
  },
  /** Ticks while the component lives; called while one begins. */
  use(): void {
    $effect(() => {
      if (users++ === 0) turn = setInterval(() => (at = Date.now()), 5000);
      return () => {
        if (--users === 0) clearInterval(turn);
      };
    });
  },
};
