// What is looked for in the log, as it stands in the address: a saved search is a link.
import type { Query } from '../../log/scan';
import { fold } from '../../words/fold';

/** Names of the address's parameters that make a search. */
export const PARAMS = ['find', 'kind', 'body', 'purpose', 'from', 'to'] as const;
export type Search = Record<(typeof PARAMS)[number], string>;

export const readSearch = (param: (name: string) => string | null): Search =>
  Object.fromEntries(PARAMS.map((p) => [p, param(p) ?? ''])) as Search;

export const isEmpty = (s: Search): boolean => PARAMS.every((p) => !s[p]);

/** The address of a search, without what a reader had open beside it. */
export function address(s: Search): string {
  const q = new URLSearchParams(PARAMS.filter((p) => s[p]).map((p) => [p, s[p]]));
  return q.size ? `/audit?${q}` : '/audit';
}

/** Midnight of a date in this browser's zone, Unix seconds; undefined for what is no date. */
export function midnight(date: string, plus = 0): number | undefined {
  const m = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date);
  if (!m) return undefined;
  const at = new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3]) + plus).getTime();
  return Number.isFinite(at) ? at / 1000 : undefined;
}

/** A date as a date field holds it. */
export function dateField(ms: number): string {
  const d = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

export interface Wanted {
  query: Query;
  /** Folded words, each of which must stand in the entry's plain words. */
  words: string[];
  /** The entry of this number is meant. */
  number: number | null;
}

const isHex = (w: string): boolean =>
  /^[0-9a-f]{6,64}$/.test(w) && (/[a-f]/.test(w) || w.length > 15);

export function wanted(s: Search): Wanted {
  const all = s.find.trim().split(/\s+/).filter(Boolean);
  const number = all.length === 1 && /^#?\d{1,12}$/.test(all[0]!) ? all[0]!.replace('#', '') : null;
  const hex = number === null ? all.map((w) => w.toLowerCase()).find(isHex) : undefined;
  const words = number === null ? all.filter((w) => w.toLowerCase() !== hex).map(fold) : [];
  const narrow = !!(hex || words.length || s.kind || s.body || s.purpose);
  const each = s.kind === 'heads' || (!!hex && !s.kind);
  const query: Query = {
    kind: s.kind || undefined,
    body: s.body || undefined,
    purpose: s.purpose || undefined,
    from: midnight(s.from),
    to: midnight(s.to, 1),
    hex,
    heads: each ? 'each' : narrow ? 'none' : 'runs',
  };
  return { query, words, number: number === null ? null : Number(number) };
}
