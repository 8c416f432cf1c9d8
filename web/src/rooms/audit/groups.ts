// The access log's lines, drawn together by person, request and hour: who looked at what, how long.
import type { AccessLine } from '../../api/types';

export interface Group {
  key: string;
  person: string;
  request: string;
  /** Microseconds of its first and last line. */
  begin: number;
  end: number;
  /** Newest first. */
  lines: AccessLine[];
  acts: [act: string, n: number][];
}

const HOUR_US = 3_600_000_000;

/** Lines come newest first, and so do the groups: by the newest line of each. */
export function groups(lines: AccessLine[]): Group[] {
  const all = new Map<string, Group>();
  for (const l of lines) {
    const key = `${l.person} ${l.request} ${Math.floor(l.at / HOUR_US)}`;
    const g = all.get(key);
    if (g) {
      g.lines.push(l);
      g.begin = Math.min(g.begin, l.at);
      g.end = Math.max(g.end, l.at);
    } else {
      const { person, request, at } = l;
      all.set(key, { key, person, request, begin: at, end: at, lines: [l], acts: [] });
    }
  }
  for (const g of all.values()) {
    const n = new Map<string, number>();
    for (const l of g.lines) n.set(l.act, (n.get(l.act) ?? 0) + 1);
    g.acts = [...n].toSorted((a, b) => b[1] - a[1]);
  }
  return [...all.values()];
}
