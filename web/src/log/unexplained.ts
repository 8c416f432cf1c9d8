// What the public log alone leaves unexplained. Takes entries newest first; pure. Never accuses:
// it names what somebody has to explain.
import type { LogEntry } from '../api/types';
import { said, SLACK_S, type Placed } from './order';

export type Open =
  | 'malformed'
  | 'time'
  | 'no_request'
  | 'no_approval'
  | 'no_heads'
  | 'silent'
  | 'not_destroyed'
  | 'not_enrolled'
  | 'no_recorder'
  | 'clock'
  | 'break_glass';

export interface Finding {
  what: Open;
  /** Entry that shows it; null where it is what is missing. */
  index: number | null;
  /** The last entry where several stand one after the other. */
  last?: number;
  begin: number;
  end: number;
  /** Minutes, cameras, keys or seconds, as the kind says. */
  n: number;
}
export interface Found {
  findings: Finding[];
  /** Findings of a kind beyond FINDINGS_MAX were counted, not kept. */
  more: number;
  entries: number;
  oldest: number | null;
}

/** Kept at most of each kind: many of one must not hide the only one of another. */
export const FINDINGS_MAX = 500;
/** Heads come every minute; one that is two and a half minutes late has left out at least one. */
const HEADS_LATE_S = 150;
/**
 * Entries that stand before the time looked at, one after the other, until no more are read: a
 * stretch whose times lie ends no search early, when something newer stands before it.
 */
const QUIET = 2_048;
/** A due key is destroyed in the same minute; after an hour it is late. */
const KEY_LATE_S = 3_600;

const num = (v: unknown): number => (typeof v === 'number' ? v : 0);
const str = (v: unknown): string => (typeof v === 'string' ? v : '');

interface Opening {
  index: number;
  at: number;
  body: string;
  approved: boolean;
}

export class Unexplained {
  readonly #now: number;
  readonly #since: number;
  readonly #floor: number;
  #kept = new Map<Open, Finding[]>();
  #more = 0;
  #entries = 0;
  #oldest: number | null = null;
  /** Where the entry after the one that is read stands in time. */
  #after: { index: number; at: number } | null = null;
  /** Older than what is looked at, unless something newer stands before them. */
  #waiting: Placed[] = [];
  #quiet = false;
  /** Time of the chain heads after the one that is read. */
  #heads: number;
  #newestHeads: { index: number; at: number; cameras: number } | null = null;
  #silent: Finding | null = null;
  #destroyed = new Set<number>();
  #openings = new Map<string, Opening>();
  #enrolled = 0;
  #recorders = 0;
  /** Of the opening of the break-glass account that is not read yet: its end, and its uses. */
  #glass: { index: number; begin: number; end: number | null; n: number } | null = null;

  /**
   * `now` and `since` in Unix seconds; what was opened since is followed back to its request.
   * Entries from `floor` on came since then whatever they say: this browser saw the log without
   * them.
   */
  constructor(now: number, since: number, floor = Infinity) {
    this.#now = now;
    this.#since = since;
    this.#floor = floor;
    this.#heads = now;
  }

  /** Whether nothing before the last entry is needed any more. */
  done(): boolean {
    const down = (this.#after?.index ?? Infinity) <= this.#floor;
    return this.#quiet && down && this.#openings.size === 0;
  }

  #add(f: Finding): void {
    const of = this.#kept.get(f.what) ?? [];
    this.#kept.set(f.what, of);
    if (of.length < FINDINGS_MAX) of.push(f);
    else this.#more += 1;
  }

  /** The entry itself is what is wrong; those one after the other are one finding. */
  #amiss(what: 'malformed' | 'time', index: number, at: number, n: number): void {
    const next = this.#kept.get(what)?.at(-1);
    // A step down to a bundle whose beginning is named already is the same thing.
    if (next?.index === index) return;
    if (next?.index === index + 1) {
      const last = next.last ?? next.index;
      const all = { ...next, index, last, begin: Math.min(next.begin, at), n: Math.max(next.n, n) };
      Object.assign(next, all);
    } else this.#add({ what, index, begin: at, end: at, n });
  }

  /** Entries come newest first. */
  take(p: Placed): void {
    this.#entries += 1;
    const after = this.#after;
    const placed = Number.isFinite(p.at) ? p.at : (after?.at ?? this.#now);
    const own = said(p.read);
    // Nothing in the log is of a time that has not come.
    const at = Math.min(placed, this.#now);
    this.#after = { index: p.index, at };
    this.#oldest = at;
    const ahead = own !== null && own > this.#now + SLACK_S;
    const by = Math.abs((own ?? at) - (ahead ? this.#now : at));
    if (!p.read.ok && p.read.why !== 'time') this.#amiss('malformed', p.index, at, 1);
    else if (!p.read.ok || p.off || ahead) this.#amiss('time', p.index, at, by);
    if (after && at > after.at + SLACK_S) {
      this.#amiss('time', after.index, after.at, at - after.at);
    }
    const e = p.read.entry;
    if (e) this.#counts(e);
    // Of two times the later one: what could be of the days that are looked at is looked at.
    const late = p.off && own !== null ? Math.min(Math.max(at, own), this.#now) : at;
    if (late < this.#since && p.index < this.#floor) {
      if (e) this.#follow(e);
      if (!this.#quiet) this.#waiting.push(p);
      if (this.#waiting.length > QUIET) [this.#waiting, this.#quiet] = [[], true];
      return;
    }
    const waited = this.#waiting;
    this.#waiting = [];
    for (const w of waited) this.#inside(w, late);
    this.#inside(p, late);
  }

  #counts(e: LogEntry): void {
    if (e.kind === 'camera_enrolled') this.#enrolled += 1;
    else if (e.kind === 'camera_retired') this.#enrolled -= 1;
    else if (e.kind === 'recorder_started') this.#recorders += 1;
  }

  #inside({ index, read }: Placed, at: number): void {
    if (!read.entry) return;
    const e: LogEntry = { ...read.entry, at };
    this.#opened(index, e);
    this.#follow(e);
    if (e.kind === 'heads') this.#minute(index, e);
    else if (e.kind === 'key_destroyed') this.#destroyed.add(num(e['hour']));
    else if (e.kind === 'key_due') this.#due(index, e);
    else if (e.kind.startsWith('break_glass_')) this.#broken(index, e);
    else if (e.kind === 'clock_disputed') {
      this.#add({ what: 'clock', index, begin: at, end: at, n: num(e['by_s']) });
    }
  }

  /** Each opening of the break-glass account is asked about, with what it was used for. */
  #broken(index: number, e: LogEntry): void {
    if (e.kind === 'break_glass_ended') {
      this.#unbroken();
      this.#glass = { index, begin: e.at, end: e.at, n: 0 };
      return;
    }
    const g = (this.#glass ??= { index, begin: e.at, end: null, n: 0 });
    [g.index, g.begin] = [index, e.at];
    if (e.kind === 'break_glass_used') {
      g.n += 1;
      return;
    }
    g.end ??= Math.min(this.#now, num(e['until']));
    this.#unbroken();
  }

  #unbroken(): void {
    const g = this.#glass;
    this.#glass = null;
    if (g) this.#add({ what: 'break_glass', ...g, end: g.end ?? this.#now });
  }

  #opened(index: number, e: LogEntry): void {
    if (e.kind !== 'opening' && e.kind !== 'live_view') return;
    const [request, body] = [str(e['request']), str(e['body'])];
    const before = this.#openings.get(request);
    this.#openings.set(request, before ?? { index, at: e.at, body, approved: false });
  }

  /** An opening needs a request before it, and an approval by another body than the asking one. */
  #follow(e: LogEntry): void {
    const request = str(e['request']);
    const opening = this.#openings.get(request);
    if (!opening) return;
    if (e.kind === 'decision' && e['decision'] === 'approve' && e['body'] !== opening.body) {
      opening.approved = true;
    }
    if (e.kind !== 'request_filed') return;
    this.#openings.delete(request);
    const { index: at, at: begin } = opening;
    if (!opening.approved) this.#add({ what: 'no_approval', index: at, begin, end: begin, n: 1 });
  }

  #minute(index: number, e: LogEntry): void {
    const missing = this.#heads - e.at;
    if (missing > HEADS_LATE_S) {
      const n = Math.max(1, Math.round(missing / 60) - 1);
      this.#add({ what: 'no_heads', index, begin: e.at, end: this.#heads, n });
    }
    this.#heads = e.at;
    this.#newestHeads ??= { index, at: e.at, cameras: num(e['cameras']) };
    const gaps = num(e['gaps']);
    if (!gaps) {
      this.#flush();
      return;
    }
    const s = this.#silent;
    if (s) this.#silent = { ...s, index, begin: e.at, n: Math.max(s.n, gaps) };
    else this.#silent = { what: 'silent', index, begin: e.at, end: e.at, n: gaps };
  }

  #flush(): void {
    if (this.#silent) this.#add(this.#silent);
    this.#silent = null;
  }

  #due(index: number, e: LogEntry): void {
    const hour = num(e['hour']);
    if (this.#destroyed.has(hour) || this.#now - e.at < KEY_LATE_S) return;
    this.#destroyed.add(hour);
    const [begin, n] = [e.at, num(e['keys'])];
    this.#add({ what: 'not_destroyed', index, begin, end: begin, n });
  }

  /** `start`: the reading came to the log's first entry. */
  end(start: boolean): Found {
    this.#flush();
    this.#unbroken();
    for (const o of start ? this.#openings.values() : []) {
      this.#add({ what: 'no_request', index: o.index, begin: o.at, end: o.at, n: 1 });
    }
    const h = this.#newestHeads;
    if (start && h && h.cameras > this.#enrolled) {
      const n = h.cameras - this.#enrolled;
      this.#add({ what: 'not_enrolled', index: h.index, begin: h.at, end: h.at, n });
    }
    if (start && h && this.#recorders === 0) {
      this.#add({ what: 'no_recorder', index: h.index, begin: h.at, end: h.at, n: 1 });
    }
    const findings = [...this.#kept.values()]
      .flat()
      .filter((f) => !this.#disputed(f))
      .toSorted((a, b) => b.end - a.end);
    return { findings, more: this.#more, entries: this.#entries, oldest: this.#oldest };
  }

  /** A leap of the machine's clock by as much is in the log, and is a finding of its own. */
  #disputed(f: Finding): boolean {
    if (f.what !== 'time' || f.n === 0) return false;
    const leaps = this.#kept.get('clock') ?? [];
    return leaps.some((c) => Math.abs(Math.abs(c.n) - f.n) <= SLACK_S);
  }
}
