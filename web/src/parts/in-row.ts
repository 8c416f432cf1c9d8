/** In a row that scrolls sideways, brings the link to where one is into sight; never the page. */
export function toCurrent(row: HTMLElement | null | undefined): void {
  const here = row?.querySelector<HTMLElement>('[aria-current]');
  if (!row || !here) return;
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}
