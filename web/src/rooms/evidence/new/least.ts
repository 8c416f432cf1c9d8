// What a request would open, and what would do with less. Pure arithmetic over timelines; whole
// spans only, as they are opened.
import type { CameraSpans, Timeline } from '../../../api/types';
import type { Sight } from './sees';

type Lines = Record<number, Timeline | undefined>;
const GONE = new Set(['expired', 'recording']);

/** How long the whole spans of each camera are, microseconds; null while a timeline is missing. */
export function opened(spans: readonly CameraSpans[], lines: Lines): Map<number, number> | null {
  const out = new Map<number, number>();
  for (const c of spans) {
    const of = lines[c.camera]?.spans ?? [];
    const inside = of.filter((s) => s.span >= c.first && s.span <= c.last);
    const ends = inside.some((s) => s.span === c.first) && inside.some((s) => s.span === c.last);
    if (!ends) return null;
    out.set(c.camera, inside.reduce((sum, s) => sum + s.end - s.begin, 0));
  }
  return out;
}

export const total = (lengths: ReadonlyMap<number, number>): number =>
  [...lengths.values()].reduce((a, b) => a + b, 0);

/** Fewer cameras that would do: those placed well for the place, else the two best; null where
 * that leaves nothing out. `sights` stand best first. */
export function fewer(
  lengths: ReadonlyMap<number, number>,
  sights: readonly Sight[],
): { keep: number[]; saved: number } | null {
  const seeing = sights.filter((s) => lengths.has(s.id));
  const well = seeing.filter((s) => s.how === 'likely');
  const keep = (well.length ? well : seeing).slice(0, 2).map((s) => s.id);
  if (!keep.length || keep.length >= lengths.size) return null;
  const kept = keep.reduce((sum, id) => sum + (lengths.get(id) ?? 0), 0);
  return { keep: keep.toSorted((a, b) => a - b), saved: total(lengths) - kept };
}

/** At most this much may be cut off an end, microseconds: what somebody may well do without. */
const CUT_US = 15e6;
/** A cut has to leave out this many times its own length. */
const WORTH = 2;

/** A from–to that is a little shorter and opens a whole span less; null where there is none. */
export function shorter(
  ids: readonly number[],
  lines: Lines,
  from: number,
  to: number,
): { from: number; to: number; cut: number; saved: number } | null {
  const size = (f: number, t: number) =>
    ids
      .flatMap((id) => lines[id]?.spans ?? [])
      .filter((s) => !GONE.has(s.state) && s.begin < t && s.end > f)
      .reduce((sum, s) => sum + s.end - s.begin, 0);
  const whole = size(from, to);
  const edges = ids.flatMap((id) => lines[id]?.spans ?? []);
  const starts = edges
    .map((s) => Math.ceil(s.end / 1e6) * 1e6)
    .filter((t) => t > from && t <= from + CUT_US);
  const ends = edges
    .map((s) => Math.floor(s.begin / 1e6) * 1e6)
    .filter((t) => t < to && t >= to - CUT_US);
  let best: ReturnType<typeof shorter> = null;
  for (const f of [from, ...starts]) {
    for (const t of [to, ...ends]) {
      const cut = f - from + (to - t);
      const saved = whole - size(f, t);
      if (cut <= 0 || t - f < CUT_US || saved < WORTH * cut * Math.max(1, ids.length)) continue;
      if (!best || saved - cut > best.saved - best.cut) best = { from: f, to: t, cut, saved };
    }
  }
  return best;
}
