// The order in which requests stand: by how far they are, what runs out first before the rest.
import type { AccessRequest } from '../../api/types';
import { isLive, OPEN } from './state';

export const GROUPS = ['second', 'keys', 'open', 'ended'] as const;
export type Group = (typeof GROUPS)[number];

export function groupOf(r: AccessRequest): Group {
  if (r.state === 'asked') return 'second';
  // A live view needs no keys: once approved it can be watched.
  if (r.state === 'approved' || r.state === 'released') return isLive(r) ? 'open' : 'keys';
  return OPEN.has(r.state) ? 'open' : 'ended';
}

/** When the present state runs out, microseconds; null where it does not. */
export function runsOut(r: AccessRequest): number | null {
  const group = groupOf(r);
  if (group === 'ended') return null;
  return group === 'open' ? (r.open_until ?? r.deadline) : r.deadline;
}

export function board(list: readonly AccessRequest[]): Record<Group, AccessRequest[]> {
  const out: Record<Group, AccessRequest[]> = { second: [], keys: [], open: [], ended: [] };
  for (const r of list) out[groupOf(r)].push(r);
  for (const g of GROUPS) {
    if (g === 'ended') out[g].sort((a, b) => b.filed_at - a.filed_at);
    else out[g].sort((a, b) => (runsOut(a) ?? 0) - (runsOut(b) ?? 0));
  }
  return out;
}

/** As coarse as one can act on: days, then hours and minutes, then minutes and seconds. */
export interface Left {
  kind: 'over' | 'soon' | 'hours' | 'days';
  d: number;
  h: number;
  m: number;
  s: number;
}
/** Under an hour it is time to look. */
const SOON_US = 3600e6;
/** Beyond this nobody counts hours. */
const DAYS_US = 48 * 3600e6;

export function left(until_us: number, now_ms: number): Left {
  const us = until_us - now_ms * 1000;
  const s = Math.max(0, Math.floor(us / 1e6));
  const kind = us <= 0 ? 'over' : us < SOON_US ? 'soon' : us < DAYS_US ? 'hours' : 'days';
  const d = Math.round(s / 86_400);
  return { kind, d, h: Math.floor(s / 3600), m: Math.floor((s % 3600) / 60), s: s % 60 };
}
