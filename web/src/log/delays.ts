// What was opened, and when its place and hour become public: from the log's entries and from what
// the city publishes beside it, each held against the log's commitment. Pure; never takes the
// city's
// word. The same as crates/transparency/src/disclosure.rs.
import { fromHex, hex, sha256, utf8 } from '../seal/bytes';
import type { Disclosed } from '../api/disclosures';
import type { Placed } from './order';

/** How long after its date a disclosure may come before it is overdue. */
export const GRACE_S = 120;
/** The longest delay that counts without a court, from filing, and with one. */
export const DELAY_MAX_S = 365 * 86_400;
export const DELAY_COURT_MAX_S = 5 * DELAY_MAX_S;

export type Standing = 'overdue' | 'delayed' | 'opened' | 'withdrawn' | 'erased' | 'before_dates';
export type What = 'place' | 'day' | 'hour';

export interface Told {
  request: string;
  index: number;
  filedAt: number;
  body: string;
  purpose: string;
  basis: string;
  /** The date in force, extensions that count in it; null where the log names none. */
  until: number | null;
  /** Commitments. */
  due: Record<What, string> | null;
  extensions: number;
  /** The log named dates already when this was filed. */
  dated: boolean;
  openedAt: number | null;
  withdrawn: { at: number; reason: string } | null;
  erasedAt: number | null;
}

const str = (v: unknown): string => (typeof v === 'string' ? v : '');
const num = (v: unknown): number => (typeof v === 'number' ? v : 0);

export class Calendar {
  #dates = new Map<string, { at: number; due: Record<What, string> }>();
  #dated = false;
  #told = new Map<string, Told>();

  /** Entries come in the log's order; each stands in time by its place. */
  take(p: Placed): void {
    const e = p.read.entry;
    if (!e) return;
    const [request, at] = [str(e['request']), Number.isFinite(p.at) ? p.at : e.at];
    if (e.kind === 'disclosure_due') {
      this.#dated = true;
      const due = { place: str(e['place']), day: str(e['day']), hour: str(e['hour']) };
      // A second date moves nothing: that takes an extension.
      if (!this.#dates.has(request)) this.#dates.set(request, { at: num(e['disclose_at']), due });
    } else if (e.kind === 'request_filed') this.#filed(request, at, p);
    else {
      const t = this.#told.get(request);
      if (t) this.#follow(t, at, p);
    }
  }

  #filed(request: string, at: number, { index, read }: Placed): void {
    if (this.#told.has(request)) return;
    const [e, date] = [read.entry!, this.#dates.get(request)];
    this.#dates.delete(request);
    this.#told.set(request, {
      request,
      index,
      filedAt: at,
      body: str(e['body']),
      purpose: str(e['purpose']),
      basis: str(e['legal_basis']),
      until: date ? Math.min(date.at, at + DELAY_MAX_S) : null,
      due: date?.due ?? null,
      extensions: 0,
      dated: this.#dated,
      openedAt: null,
      withdrawn: null,
      erasedAt: null,
    });
  }

  #follow(t: Told, at: number, { read }: Placed): void {
    const e = read.entry!;
    if (e.kind === 'opening' || e.kind === 'live_view') t.openedAt ??= at;
    else if (e.kind === 'records_erased') t.erasedAt ??= at;
    else if (e.kind === 'disclosure_withdrawn') {
      // Before its date it would be an extension without an end.
      if (t.until !== null && at >= t.until) t.withdrawn ??= { at, reason: str(e['reason']) };
    } else if (e.kind === 'disclosure_extended') {
      // One that comes when the date has passed heals nothing.
      if (t.until === null || at > t.until + GRACE_S) return;
      const most = e['court'] === 'decision' ? DELAY_COURT_MAX_S : DELAY_MAX_S;
      t.until = Math.max(t.until, Math.min(num(e['until']), t.filedAt + most));
      t.extensions += 1;
    }
  }

  /** Everything of which something was opened, newest first. */
  opened(): Told[] {
    const all = [...this.#told.values()].filter((t) => t.openedAt !== null);
    return all.toSorted((a, b) => b.index - a.index);
  }
}

/** Where an opened request stands at `now`, and the time that belongs to it (Unix seconds). */
export function standing(t: Told, now: number, open: boolean): { is: Standing; at: number } {
  const opened = t.openedAt ?? t.filedAt;
  if (t.erasedAt !== null) return { is: 'erased', at: t.erasedAt };
  if (t.until === null) return { is: t.dated ? 'overdue' : 'before_dates', at: opened };
  if (t.withdrawn) return { is: 'withdrawn', at: t.withdrawn.at };
  // What is opened after its date is owed from then on.
  const at = Math.max(t.until, opened);
  if (open) return { is: 'opened', at };
  return { is: now <= at + GRACE_S ? 'delayed' : 'overdue', at };
}

/** The numbers of a detail, if it is published and opens the log's commitment; else null. */
export async function opens(
  d: Disclosed | undefined,
  t: Told,
  what: What,
): Promise<number[] | null> {
  const found = d?.details.find((x) => x.what === what);
  if (!found || !t.due || !/^[0-9a-f]{64}$/.test(found.salt)) return null;
  const hash = hex(await sha256(fromHex(found.salt), utf8(found.text)));
  if (hash !== t.due[what]) return null;
  try {
    const v = JSON.parse(found.text) as { request: unknown; what: unknown; numbers: unknown };
    const numbers = v.numbers;
    const right = v.request === t.request && v.what === what && Array.isArray(numbers);
    if (!right || !numbers.every((n) => Number.isSafeInteger(n) && n >= 0)) return null;
    return numbers as number[];
  } catch {
    return null;
  }
}
