// Where a scrubber writes times below its lanes, so that none runs into the next.

const STEPS = [10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400].map((s) => s * 1e6);

/** Round times within a window, at most about `most` of them. */
export function ticksOf(begin: number, end: number, most: number): number[] {
  const step = STEPS.find((s) => (end - begin) / s <= most) ?? 14400e6;
  const out = [];
  for (let t = Math.ceil(begin / step) * step; t < end; t += step) out.push(t);
  return out;
}

export interface Label {
  t: number;
  text: string;
  /** Its middle, pixels from the left. */
  at: number;
}
/** A scrubber on A4 or Letter is at least this wide, pixels: 182 mm less the edges of two cards. */
export const PAPER_PX = 600;
/** A figure of the small text is about this wide, and this much stays between two labels. */
const FIGURE = 8;
const SPACE = 10;

/** The labels that fit in `width` pixels, moved inside at the ends. Each second or third is kept
 *  rather than now one and then none, so that what is left out can be counted on. */
export function fitting(
  all: readonly { t: number; text: string }[],
  begin: number,
  end: number,
  width: number,
): Label[] {
  const half = (Math.max(0, ...all.map((l) => l.text.length)) * FIGURE) / 2;
  if (width < 2 * half) return [];
  const placed = all.map((l) => {
    const x = ((l.t - begin) / Math.max(1, end - begin)) * width;
    return { ...l, at: Math.max(half, Math.min(width - half, x)) };
  });
  const fits = (list: Label[]) =>
    list.every((l, i) => i === 0 || l.at - list[i - 1]!.at >= 2 * half + SPACE);
  for (let nth = 1; nth < placed.length; nth += 1) {
    const some = placed.filter((_, i) => i % nth === 0);
    if (fits(some)) return some;
  }
  return placed.slice(0, 1);
}
