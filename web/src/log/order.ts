// Where entries stand in time. An entry's place in the log is proven, its time is only said: where
// one does not fit those around it, the place counts, and the time is what has to be explained.
import { readEntry, type Read } from './entry';
import type { Leaf } from './trunk';

/**
 * How far an honest log's time goes back. Its clock is the machine's: callers read it before they
 * queue (a second or two), and the key store believes a wall clock that is set by up to a quarter
 * of an hour. What is more is disputed, and said in an entry `clock_disputed`.
 */
export const SLACK_S = 15 * 60;

export interface Placed {
  index: number;
  leaf: Leaf;
  read: Read;
  /** Unix seconds by its place; not finite where no entry of the bundle has a time. */
  at: number;
  /** Its own time does not fit those around it. */
  off: boolean;
}

/** What the entry itself says, where that can be a time. */
export const said = (r: Read): number | null => (r.ok && r.entry.at >= 0 ? r.entry.at : null);

/** The most entries whose times follow each other: those that few lies cannot be part of. */
function inOrder(times: (number | null)[]): Set<number> {
  const before: number[] = [];
  /** For each length, where the run of that length ends that ends earliest. */
  const ends: number[] = [];
  times.forEach((t, i) => {
    if (t === null) return;
    let [lo, hi] = [0, ends.length];
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (times[ends[mid]!]! <= t) lo = mid + 1;
      else hi = mid;
    }
    before[i] = lo ? ends[lo - 1]! : -1;
    ends[lo] = i;
  });
  const kept = new Set<number>();
  for (let i = ends.at(-1) ?? -1; i >= 0; i = before[i]!) kept.add(i);
  return kept;
}

/** The entries of one bundle, in the log's order, each at its place in time. */
export function place(leaves: Leaf[]): Placed[] {
  const reads = leaves.map((l) => readEntry(l.json));
  const times = reads.map(said);
  const kept = inOrder(times);
  const after: number[] = [];
  for (let i = leaves.length - 1, next = Infinity; i >= 0; i -= 1) {
    if (kept.has(i)) next = times[i]!;
    after[i] = next;
  }
  let last = -Infinity;
  return leaves.map((leaf, i) => {
    const [t, read] = [times[i]!, reads[i]!];
    if (kept.has(i)) last = t;
    const fits = t !== null && t >= last - SLACK_S && t <= after[i]! + SLACK_S;
    const near = Number.isFinite(last) ? last : after[i]!;
    const at = fits ? Math.min(Math.max(t, last), after[i]!) : near;
    return { index: leaf.index, leaf, read, at, off: read.ok && !fits };
  });
}
