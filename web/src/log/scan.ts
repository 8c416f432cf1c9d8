// Reads the log newest first, bundle by bundle, each checked against the trunk: what fits a query,
// and the minutes of chain heads between as runs. Holds one bundle at a time; never the whole log.
import { base64, hex } from '../seal/bytes';
import type { LogEntry } from '../api/types';
import { readEntry, type Malformed } from './entry';
import { place, said, SLACK_S, type Placed } from './order';
import { WIDTH, type Trunk } from './trunk';

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
  /** Its time does not fit those of the entries around it. */
  off?: true;
}
/** Has not the form of an entry. */
export interface Bad {
  index: number;
  bad: Malformed;
  /** By its place in the log; null where nothing around it has a time. */
  at: number | null;
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
export type Row = Hit | Run | Bad;
export const isRun = (r: Row): r is Run => 'last' in r;
export const isBad = (r: Row): r is Bad => 'bad' in r;

export interface Step {
  /** Everything from here on (up to where the reading began) has been read. */
  next: number;
  rows: Row[];
}

/** Bundles that are read beyond a range's beginning: one whose times all lie ends no search. */
const BEYOND = 2;
const number = (v: unknown): number => (typeof v === 'number' ? v : 0);

/** An entry is of a day by its place in the log; what it says of itself finds it as well. */
function inTime(q: Query, p: Placed): boolean {
  const within = (t: number | null) =>
    t !== null && !(q.from !== undefined && t < q.from) && !(q.to !== undefined && t >= q.to);
  return !Number.isFinite(p.at) || within(p.at) || (p.off && within(said(p.read)));
}

/** What cannot be read may be anything: it fits every filter but a hash that is not its own. */
export function fits(q: Query, p: Placed): boolean {
  const e = p.read.entry;
  if (e && q.kind && e.kind !== q.kind) return false;
  if (e && q.body && e['body'] !== q.body) return false;
  if (e && q.purpose && e['purpose'] !== q.purpose) return false;
  if (!inTime(q, p)) return false;
  if (!q.hex) return true;
  const mark = q.hex;
  return (
    hex(p.leaf.hash).startsWith(mark) ||
    Object.values(e ?? {}).some((v) => typeof v === 'string' && v.startsWith(mark))
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

function rowOf(q: Query, p: Placed): Row | null {
  const { index, read } = p;
  const at = Number.isFinite(p.at) ? p.at : null;
  if (!read.ok) return fits(q, p) ? { index, bad: read.why, at } : null;
  const { entry } = read;
  if (entry.kind === 'heads' && q.heads !== 'each' && !p.off) {
    if (q.heads === 'none' || !fits(q, p)) return null;
    return { first: index, last: index, begin: p.at, end: p.at, gaps: number(entry['gaps']) };
  }
  if (!fits(q, p)) return null;
  return p.off ? { index, entry, off: true } : { index, entry };
}

const placed = async (trunk: Trunk, n: number): Promise<Placed[]> => place(await trunk.bundle(n));

/** When a bundle begins; where none of its entries has a time, when the next one does. */
async function beginning(trunk: Trunk, n: number): Promise<number> {
  for (let m = n; m < trunk.bundles; m += 1) {
    const [first] = await placed(trunk, m);
    if (first && Number.isFinite(first.at)) return first.at;
  }
  return Infinity;
}

/** First bundle whose first entry is of `time` or later; the number of bundles if there is none. */
export async function bundleAt(trunk: Trunk, time: number): Promise<number> {
  let [lo, hi] = [0, trunk.bundles];
  while (lo < hi) {
    const mid = Math.floor((lo + hi) / 2);
    if ((await beginning(trunk, mid)) < time) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** How many entries the log had at `time` (Unix seconds): those placed before it. */
export async function sizeAt(trunk: Trunk, time: number): Promise<number> {
  const n = await bundleAt(trunk, time);
  if (n === 0) return 0;
  const before = await placed(trunk, n - 1);
  const within = before.findIndex((p) => p.at >= time);
  return (n - 1) * WIDTH + (within < 0 ? before.length : within);
}

/** Reads from entry `before` − 1 down; each step is one bundle. */
export async function* scan(trunk: Trunk, q: Query, before: number): AsyncGenerator<Step> {
  let until = Math.min(before, trunk.size);
  if (q.to !== undefined) {
    until = Math.min(until, ((await bundleAt(trunk, q.to + SLACK_S)) + BEYOND) * WIDTH);
  }
  let past = 0;
  for (let n = Math.ceil(until / WIDTH) - 1; n >= 0; n -= 1) {
    const all = (await placed(trunk, n)).filter((p) => p.index < until).toReversed();
    const rows: Row[] = [];
    for (const p of all) {
      const row = rowOf(q, p);
      if (row) add(rows, row);
    }
    const { from } = q;
    past = from !== undefined && all.every((p) => p.at < from - SLACK_S) ? past + 1 : 0;
    const end = past > BEYOND;
    yield { next: end ? 0 : n * WIDTH, rows };
    if (end) return;
  }
}

export interface Counted {
  read: number;
  /** By kind; what is malformed stands under the empty one. */
  counts: Map<string, number>;
}

/** Counts entries `from`..`to` by kind. */
export async function* count(trunk: Trunk, from: number, to: number): AsyncGenerator<Counted> {
  const counts = new Map<string, number>();
  let read = 0;
  for (let n = Math.floor(from / WIDTH); n * WIDTH < to; n += 1) {
    for (const leaf of await trunk.bundle(n)) {
      if (leaf.index < from || leaf.index >= to) continue;
      const said = readEntry(leaf.json);
      const kind = said.ok ? said.entry.kind : '';
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      read += 1;
    }
    yield { read, counts: new Map(counts) };
  }
}

export interface Line {
  index: number;
  /** The exact JSON; of what is malformed, its bytes in base64. */
  text: string;
  malformed: boolean;
  /** Its time does not fit those around it. */
  off: boolean;
}

/** Entries `from`..`to`, a bundle at a time. */
export async function* lines(trunk: Trunk, from: number, to: number): AsyncGenerator<Line[]> {
  for (let n = Math.floor(from / WIDTH); n * WIDTH < to; n += 1) {
    const some = (await placed(trunk, n)).filter((p) => p.index >= from && p.index < to);
    yield some.map(({ index, leaf, read, off }) => ({
      index,
      text: read.ok ? leaf.json! : base64(leaf.raw),
      malformed: !read.ok,
      off,
    }));
  }
}
