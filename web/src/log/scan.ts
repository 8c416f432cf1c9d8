// Reads the log newest first, bundle by bundle, each checked against the trunk: what fits a query,
// and the minutes of chain heads between as runs. Holds one bundle at a time; never the whole log.
import { hex } from '../seal/bytes';
import type { LogEntry } from '../api/types';
import type { Leaf, Trunk } from './trunk';

/** What is looked for; whatever is absent does not matter. Times are Unix seconds. */
export interface Query {
  kind?: string | undefined;
  body?: string | undefined;
  purpose?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  /** Lower-case hexadecimal digits of a field's value or of the leaf hash. */
  hex?: string | undefined;
  /** Minutes of chain heads: drawn together, or left out where something else is looked for. */
  heads: 'runs' | 'each' | 'none';
}

export interface Hit {
  index: number;
  entry: LogEntry;
}
/** Minutes of chain heads one after the other, of one day of this browser. */
export interface Run {
  first: number;
  last: number;
  begin: number;
  end: number;
  /** Most cameras that were in a gap at once. */
  gaps: number;
}
export type Row = Hit | Run;
export const isRun = (r: Row): r is Run => 'last' in r;

export interface Step {
  /** Everything from here on (up to where the reading began) has been read. */
  next: number;
  rows: Row[];
}

/** Clocks are set, and entries of one second may stand in any order. */
const SLACK_S = 3_600;
const number = (v: unknown): number => (typeof v === 'number' ? v : 0);

export function fits(q: Query, e: LogEntry, leaf: Leaf): boolean {
  if (q.kind && e.kind !== q.kind) return false;
  if (q.body && e['body'] !== q.body) return false;
  if (q.purpose && e['purpose'] !== q.purpose) return false;
  if (q.from !== undefined && e.at < q.from) return false;
  if (q.to !== undefined && e.at >= q.to) return false;
  if (!q.hex) return true;
  const mark = q.hex;
  return (
    hex(leaf.hash).startsWith(mark) ||
    Object.values(e).some((v) => typeof v === 'string' && v.startsWith(mark))
  );
}

const dayOf = (s: number): string => new Date(s * 1000).toDateString();

/** Puts a row at the end of those before it; runs that touch on one day become one. */
export function add(rows: Row[], row: Row): void {
  const last = rows.at(-1);
  const touch = last && isRun(last) && isRun(row) && row.last + 1 === last.first;
  if (touch && dayOf(row.begin) === dayOf(last.end)) {
    const gaps = Math.max(row.gaps, last.gaps);
    rows[rows.length - 1] = { ...last, first: row.first, begin: row.begin, gaps };
  } else rows.push(row);
}

function rowOf(q: Query, leaf: Leaf): Row | null {
  const entry = JSON.parse(leaf.json) as LogEntry;
  if (entry.kind === 'heads' && q.heads !== 'each') {
    if (q.heads === 'none' || !fits(q, entry, leaf)) return null;
    const gaps = number(entry['gaps']);
    return { first: leaf.index, last: leaf.index, begin: entry.at, end: entry.at, gaps };
  }
  return fits(q, entry, leaf) ? { index: leaf.index, entry } : null;
}

const atOf = (leaf: Leaf | undefined): number =>
  leaf ? (JSON.parse(leaf.json) as LogEntry).at : 0;

/** First bundle whose first entry is of `time` or later; the number of bundles if there is none. */
export async function bundleAt(trunk: Trunk, time: number): Promise<number> {
  let [lo, hi] = [0, trunk.bundles];
  while (lo < hi) {
    const mid = Math.floor((lo + hi) / 2);
    if (atOf((await trunk.bundle(mid))[0]) < time) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** How many entries the log had at `time` (Unix seconds): those said before it. */
export async function sizeAt(trunk: Trunk, time: number): Promise<number> {
  const n = await bundleAt(trunk, time);
  if (n === 0) return 0;
  const within = (await trunk.bundle(n - 1)).filter((l) => atOf(l) < time).length;
  return (n - 1) * 256 + within;
}

/** Reads from entry `before` − 1 down; each step is one bundle. */
export async function* scan(trunk: Trunk, q: Query, before: number): AsyncGenerator<Step> {
  let until = Math.min(before, trunk.size);
  if (q.to !== undefined) {
    until = Math.min(until, (await bundleAt(trunk, q.to + SLACK_S)) * 256);
  }
  for (let n = Math.ceil(until / 256) - 1; n >= 0; n -= 1) {
    const leaves = (await trunk.bundle(n)).filter((l) => l.index < until).toReversed();
    const rows: Row[] = [];
    for (const leaf of leaves) {
      const row = rowOf(q, leaf);
      if (row) add(rows, row);
    }
    const past = q.from !== undefined && atOf(leaves[0]) < q.from - SLACK_S;
    yield { next: past ? 0 : n * 256, rows };
    if (past) return;
  }
}

export interface Counted {
  read: number;
  counts: Record<string, number>;
}

/** Counts entries `from`..`to` by kind. */
export async function* count(trunk: Trunk, from: number, to: number): AsyncGenerator<Counted> {
  const counts: Record<string, number> = {};
  let read = 0;
  for (let n = Math.floor(from / 256); n * 256 < to; n += 1) {
    for (const leaf of await trunk.bundle(n)) {
      if (leaf.index < from || leaf.index >= to) continue;
      const { kind } = JSON.parse(leaf.json) as LogEntry;
      counts[kind] = (counts[kind] ?? 0) + 1;
      read += 1;
    }
    yield { read, counts: { ...counts } };
  }
}

/** The exact JSON of entries `from`..`to`, a bundle at a time. */
export async function* lines(trunk: Trunk, from: number, to: number): AsyncGenerator<string[]> {
  for (let n = Math.floor(from / 256); n * 256 < to; n += 1) {
    const leaves = await trunk.bundle(n);
    yield leaves.filter((l) => l.index >= from && l.index < to).map((l) => l.json);
  }
}
