// The arithmetic of one moment on several screens: which camera has footage then, where in its
// video that is, and how a screen that is early or late is brought back. `at`, `begin` and `end`
// are the recorder's microseconds, media times seconds. Nothing here touches a video element.
import { runs, type Stretch } from '../parts/runs';
import { SNAP_US } from './mp4';

export type { Stretch } from '../parts/runs';

/** A piece in the video: where it stands there, and the recorder's time of its first frame. */
export interface Place {
  start: number;
  end: number;
  begin: number;
}

/** What a camera has, as stretches: what the player closes up is no hole here either. */
export const stretchesOf = (pieces: readonly Stretch[]): Stretch[] => runs(pieces, SNAP_US);

export const stretchAt = (list: readonly Stretch[], at: number): Stretch | null =>
  list.find((s) => s.begin <= at && at < s.end) ?? null;

/** The first moment after `at` at which one of the cameras begins again. */
export function nextBegin(lists: readonly (readonly Stretch[])[], at: number): number | null {
  const later = lists.flatMap((l) => l.map((s) => s.begin)).filter((b) => b > at);
  return later.length ? Math.min(...later) : null;
}
/** The last moment before `at` at which one of the cameras stopped. */
export function lastEnd(lists: readonly (readonly Stretch[])[], at: number): number | null {
  const before = lists.flatMap((l) => l.map((s) => s.end)).filter((e) => e <= at);
  return before.length ? Math.max(...before) : null;
}

/** The gaps between a camera's stretches. */
export const holes = (list: readonly Stretch[]): Stretch[] =>
  list.slice(1).map((s, i) => ({ begin: list[i]!.end, end: s.begin }));

/** The recorder's time of a media time. Behind a piece the time runs on for a little. */
export function wallAt(places: readonly Place[], t: number, origin: number): number {
  const p = places.findLast((x) => x.start <= t + 0.001 && t < x.end + 0.5);
  return p ? p.begin + (t - p.start) * 1e6 : origin + t * 1e6;
}

/** The media time of a moment: exact where its piece is loaded, else as it will be placed. */
export function mediaAt(places: readonly Place[], at: number, origin: number): number {
  const over = (p: Place) => p.begin + (p.end - p.start) * 1e6 + SNAP_US;
  const p = places.findLast((x) => x.begin <= at && at < over(x));
  if (!p) return Math.max(0, (at - origin) / 1e6);
  // Jitter that was closed up leaves moments that no frame has: the piece's last one stands there.
  return Math.max(p.start, Math.min(p.start + (at - p.begin) / 1e6, p.end - 0.002));
}

/** A media time inside of what is loaded, moved by no more than `reach`; null when none is near. */
export function within(
  ranges: readonly (readonly [number, number])[],
  t: number,
  reach: number,
): number | null {
  let best: number | null = null;
  for (const [start, end] of ranges) {
    const near = Math.max(start, Math.min(t, end - 0.002));
    if (best === null || Math.abs(near - t) < Math.abs(best - t)) best = near;
  }
  return best !== null && Math.abs(best - t) <= reach ? best : null;
}

/** Seconds beyond which a screen jumps: playing faster would take too long. */
const JUMP_S = 0.5;
/** How much faster or slower a screen may play while it is brought back; hardly to be seen. */
const RATE = 0.1;

/** What to do with a screen that is `ahead` seconds before the moment (negative: behind it). */
export function pull(ahead: number, frame: number): { rate: number } | 'jump' {
  if (Math.abs(ahead) > JUMP_S) return 'jump';
  if (Math.abs(ahead) <= frame / 2) return { rate: 1 };
  return { rate: 1 - Math.max(-RATE, Math.min(RATE, ahead)) };
}

/** Seconds loaded before and kept behind the picture, so that `n` cameras together take no more
 *  memory than one alone does (each also holds the span that is just arriving). */
export const limits = (n: number): { ahead: number; behind: number } => ({
  ahead: 20 / Math.max(1, n),
  behind: 30 / Math.max(1, n),
});

export interface Screen {
  stretches: readonly Stretch[];
  /** Waits for the log or for footage. */
  waits: boolean;
}
export interface Beat {
  at: number;
  /** Somebody who has this moment cannot show it yet: all wait. */
  waiting: boolean;
  /** Nothing is left to come. */
  over: boolean;
}

/** One beat of the common clock, `passed` microseconds after the last one. Cameras without this
 *  moment hold nobody up; where none has it, the clock goes on to the next that has. */
export function beat(at: number, passed: number, screens: readonly Screen[]): Beat {
  const here = screens.filter((s) => stretchAt(s.stretches, at));
  if (here.some((s) => s.waits)) return { at, waiting: true, over: false };
  const to = here.length ? at + passed : at;
  const lists = screens.map((s) => s.stretches);
  if (lists.some((l) => stretchAt(l, to))) return { at: to, waiting: false, over: false };
  // From `at`: a stretch that is shorter than a beat is not passed by.
  const next = nextBegin(lists, at);
  if (next !== null) return { at: next, waiting: false, over: false };
  const ends = lists.flatMap((l) => l.map((s) => s.end));
  return { at: ends.length ? Math.max(...ends) : at, waiting: false, over: true };
}

/** The cameras that the address names, in the request's order; the first alone if it names none. */
export function chosen(asked: string | null, all: readonly number[], most: number): number[] {
  const named = new Set((asked ?? '').split(',').map(Number));
  const known = all.filter((id) => named.has(id)).slice(0, most);
  return known.length ? known : all.slice(0, 1);
}
