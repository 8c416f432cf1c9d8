// What the public log alone leaves unexplained. Takes entries newest first; pure. Never accuses:
// it names what somebody has to explain.
import type { LogEntry } from '../api/types';

export type Open =
  | 'no_request'
  | 'no_approval'
  | 'no_heads'
  | 'silent'
  | 'not_destroyed'
  | 'not_enrolled'
  | 'no_recorder'
  | 'clock';

export interface Finding {
  what: Open;
  /** Entry that shows it; null where it is what is missing. */
  index: number | null;
  begin: number;
  end: number;
  /** Minutes, cameras, keys or seconds, as the kind says. */
  n: number;
}
export interface Found {
  findings: Finding[];
  /** Findings beyond FINDINGS_MAX were counted, not kept. */
  more: number;
  entries: number;
  oldest: number | null;
}

/** Kept at most: what nobody reads to the end needs another tool. */
export const FINDINGS_MAX = 500;
/** Heads come every minute; one that is two and a half minutes late has left out at least one. */
const HEADS_LATE_S = 150;
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
  #findings: Finding[] = [];
  #more = 0;
  #entries = 0;
  #oldest: number | null = null;
  /** Time of the chain heads after the one that is read. */
  #heads: number;
  #newestHeads: { index: number; at: number; cameras: number } | null = null;
  #silent: Finding | null = null;
  #destroyed = new Set<number>();
  #openings = new Map<string, Opening>();
  #enrolled = 0;
  #recorders = 0;

  /** `now` and `since` in Unix seconds; what was opened since is followed back to its request. */
  constructor(now: number, since: number) {
    this.#now = now;
    this.#since = since;
    this.#heads = now;
  }

  /** Whether nothing before this moment is needed any more. */
  done(at: number): boolean {
    return at < this.#since && this.#openings.size === 0;
  }

  #add(f: Finding): void {
    if (this.#findings.length < FINDINGS_MAX) this.#findings.push(f);
    else this.#more += 1;
  }

  take(index: number, e: LogEntry): void {
    this.#entries += 1;
    this.#oldest = e.at;
    this.#follow(index, e);
    if (e.kind === 'camera_enrolled') this.#enrolled += 1;
    else if (e.kind === 'camera_retired') this.#enrolled -= 1;
    else if (e.kind === 'recorder_started') this.#recorders += 1;
    if (e.at < this.#since) return;
    if (e.kind === 'heads') this.#minute(index, e);
    else if (e.kind === 'key_destroyed') this.#destroyed.add(num(e['hour']));
    else if (e.kind === 'key_due') this.#due(index, e);
    else if (e.kind === 'clock_disputed') {
      this.#add({ what: 'clock', index, begin: e.at, end: e.at, n: num(e['by_s']) });
    }
  }

  /** An opening needs a request before it, and an approval by another body than the asking one. */
  #follow(index: number, e: LogEntry): void {
    const request = str(e['request']);
    if ((e.kind === 'opening' || e.kind === 'live_view') && e.at >= this.#since) {
      const before = this.#openings.get(request);
      const body = str(e['body']);
      this.#openings.set(request, before ?? { index, at: e.at, body, approved: false });
      return;
    }
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
    const findings = this.#findings.toSorted((a, b) => b.end - a.end);
    return { findings, more: this.#more, entries: this.#entries, oldest: this.#oldest };
  }
}
