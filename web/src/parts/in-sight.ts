import { tick } from 'svelte';

/** In a row that scrolls sideways, brings the link to where one is into sight. */
export function inSight(row: HTMLElement | undefined): void {
  void tick().then(() => {
    const here = row?.querySelector<HTMLElement>('[aria-current]');
    if (!row || !here) return;
    // Never scrolls the page itself.
    row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  });
}
