// How an entity evolved: what is asked of the temporal API (clauses 5.7.3 and 4.5.19), and its
// answer as lines of a chart and rows of a table. Pure.
import type { Json } from '../../api/ngsi';
import { isObject, time } from './entity';

export const SPANS = ['hour', 'day', 'week', 'month', 'own'] as const;
export type Span = (typeof SPANS)[number];
const HOUR = 3_600_000;
const LONG: Record<Exclude<Span, 'own'>, number> = {
  hour: HOUR,
  day: 24 * HOUR,
  week: 7 * 24 * HOUR,
  month: 30 * 24 * HOUR,
};
/** Values of one attribute that are drawn one by one; more are drawn by period. */
export const RAW_MOST = 500;
export const METHODS = ['avg', 'min', 'max'] as const;
export type Method = (typeof METHODS)[number];
/** Colours that one chart has. */
export const LINES_MOST = 6;

export interface Window {
  from: number;
  to: number;
}
export function windowOf(
  span: Span,
  now: number,
  from: number | null,
  to: number | null,
): Window | null {
  if (span !== 'own') return { from: now - LONG[span], to: now };
  return from !== null && to !== null && from < to ? { from, to } : null;
}

/** Lengths of periods that people think in, minutes; each with its name for the API. */
export const PERIODS: { minutes: number; duration: string }[] = [
  { minutes: 1, duration: 'PT1M' },
  { minutes: 5, duration: 'PT5M' },
  { minutes: 15, duration: 'PT15M' },
  { minutes: 60, duration: 'PT1H' },
  { minutes: 360, duration: 'PT6H' },
  { minutes: 1440, duration: 'P1D' },
  { minutes: 10_080, duration: 'P7D' },
];
/** The shortest period that leaves at most 200 points of a line. */
export function periodFor(w: Window): string {
  const minutes = (w.to - w.from) / 60_000;
  return (PERIODS.find((p) => minutes / p.minutes <= 200) ?? PERIODS.at(-1)!).duration;
}
export const millis = (duration: string): number =>
  (PERIODS.find((p) => p.duration === duration)?.minutes ?? 60) * 60_000;

const iso = (ms: number): string => new Date(ms).toISOString();
function within(w: Window, attrs: string[]): URLSearchParams {
  const p = new URLSearchParams({ timerel: 'between', timeAt: iso(w.from), endTimeAt: iso(w.to) });
  p.set('attrs', attrs.join(','));
  return p;
}
export function countQuery(w: Window, attrs: string[]): URLSearchParams {
  const p = within(w, attrs);
  p.set('options', 'aggregatedValues');
  p.set('aggrMethods', 'totalCount');
  return p;
}
export function rawQuery(w: Window, attrs: string[]): URLSearchParams {
  const p = within(w, attrs);
  p.set('options', 'temporalValues');
  return p;
}
/** Whole periods: the first begins where the clock of UTC has one begin. */
export function periodQuery(w: Window, attrs: string[], duration: string): URLSearchParams {
  const long = millis(duration);
  const p = within({ from: Math.floor(w.from / long) * long, to: w.to }, attrs);
  p.set('options', 'aggregatedValues');
  p.set('aggrMethods', METHODS.join(','));
  p.set('aggrPeriodDuration', duration);
  return p;
}

/** Most values that one of the series has in the window. */
export function mostIn(answer: Json): number {
  let most = 0;
  for (const { json } of series(answer)) {
    const first = Array.isArray(json['totalCount']) ? (json['totalCount'] as unknown[])[0] : null;
    if (Array.isArray(first) && typeof first[0] === 'number') most = Math.max(most, first[0]);
  }
  return most;
}

function* series(answer: Json): Generator<{ attr: string; dataset: string | null; json: Json }> {
  for (const [attr, v] of Object.entries(answer)) {
    for (const json of Array.isArray(v) ? v : [v]) {
      if (!isObject(json)) continue;
      const dataset = json['datasetId'];
      yield { attr, dataset: typeof dataset === 'string' ? dataset : null, json };
    }
  }
}

export interface Line {
  attr: string;
  dataset: string | null;
  method: Method | null;
  points: Map<number, number>;
}
const number = (v: unknown): number | null =>
  typeof v === 'number' && Number.isFinite(v) ? v : typeof v === 'boolean' ? Number(v) : null;
function points(pairs: unknown): Map<number, number> {
  const all = new Map<number, number>();
  for (const pair of Array.isArray(pairs) ? (pairs as unknown[]) : []) {
    if (!Array.isArray(pair)) continue;
    const [v, at] = [number(pair[0]), time(pair[1])];
    if (v !== null && at !== null) all.set(at, v);
  }
  return all;
}
/** Lines out of simplified values, or out of aggregates by the methods asked for. */
export function linesOf(answer: Json, methods: readonly Method[] | null): Line[] {
  const lines: Line[] = [];
  for (const { attr, dataset, json } of series(answer)) {
    for (const method of methods ?? [null]) {
      const found = points(json[method ?? 'values']);
      if (found.size) lines.push({ attr, dataset, method, points: found });
    }
  }
  return lines;
}

export interface Table {
  /** Times, milliseconds, ascending. */
  at: number[];
  /** For each line a value for each time; null where it has none then. */
  values: (number | null)[][];
}
export function table(lines: Line[]): Table {
  const at = [...new Set(lines.flatMap((l) => [...l.points.keys()]))].sort((a, b) => a - b);
  return { at, values: lines.map((l) => at.map((t) => l.points.get(t) ?? null)) };
}

const cell = (v: string): string => (/[",\n\r]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);
/** What is shown, as RFC 4180 has it; times are UTC. */
export function csv(id: string, heads: string[], t: Table): string {
  const rows = t.at.map((at, i) => [
    iso(at),
    ...t.values.map((v) => (v[i] === null ? '' : String(v[i]))),
  ]);
  return [['entity', 'time', ...heads], ...rows.map((r) => [id, ...r])]
    .map((r) => r.map(cell).join(',') + '\r\n')
    .join('');
}
