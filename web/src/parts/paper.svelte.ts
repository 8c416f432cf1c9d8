// Whether the page is being printed now. A list that draws only what is in sight draws the whole of
// it then: paper cannot be scrolled.
import { flushSync } from 'svelte';

let printing = $state(false);

function set(to: boolean): void {
  printing = to;
  // The sheet is laid out before Svelte's own turn comes.
  flushSync();
}
addEventListener('beforeprint', () => set(true));
addEventListener('afterprint', () => set(false));

export const paper = {
  get on(): boolean {
    return printing;
  },
};
