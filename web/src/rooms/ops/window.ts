// Which rows of a long list are drawn: those in sight and a few around them. The same for
// tiles in columns and for rows of a table.

export interface Drawn {
  /** First item drawn, and the first not drawn any more. */
  from: number;
  to: number;
  /** Pixels above the first one drawn, and of all rows together. */
  top: number;
  height: number;
}

/** Rows drawn beyond the edge, so that a scroll by a few lines shows no hole. */
const AROUND = 3;

export function drawn(
  count: number,
  columns: number,
  row: number,
  scrolled: number,
  seen: number,
): Drawn {
  const wide = Math.max(1, columns);
  const rows = Math.ceil(count / wide);
  const last = Math.max(0, rows - 1);
  const first = Math.min(last, Math.max(0, Math.floor(scrolled / row) - AROUND));
  const end = Math.min(rows, Math.ceil((scrolled + seen) / row) + AROUND);
  return {
    from: first * wide,
    to: Math.min(count, Math.max(end, first) * wide),
    top: first * row,
    height: rows * row,
  };
}

/** Where to scroll so that item `at` is in sight: as it is when it is seen already. */
export function toSee(
  at: number,
  columns: number,
  row: number,
  scrolled: number,
  seen: number,
): number {
  const top = Math.floor(at / Math.max(1, columns)) * row;
  if (top < scrolled) return top;
  return top + row > scrolled + seen ? top + row - seen : scrolled;
}

/** So many rem in pixels, as the page stands now: on the wall's screen everything is larger. */
export function rem(n: number): number {
  return Math.round(n * parseFloat(getComputedStyle(document.documentElement).fontSize));
}
