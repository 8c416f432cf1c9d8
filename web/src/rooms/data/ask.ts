// What is asked of the entities of a type: words, a query, an order, a page. In the address, and as
// the API's parameters. Pure.
import type { Entity } from './entity';
import { plain } from './entity';

export const ROWS = 25;
/** Words of one search; more are left out. */
const WORDS_MOST = 6;

export interface Asked {
  find: string;
  q: string;
  sort: string;
  down: boolean;
  page: number;
}
export function readAsked(param: (name: string) => string | null): Asked {
  const [sort = '', way] = (param('sort') ?? '').split(/;(?=asc$|desc$)/);
  return {
    find: param('find') ?? '',
    q: param('q') ?? '',
    sort,
    down: way === 'desc',
    page: Math.max(1, Math.trunc(Number(param('page'))) || 1),
  };
}

export const wordsOf = (find: string): string[] =>
  find.trim().split(/\s+/).filter(Boolean).slice(0, WORDS_MOST);
const literally = (word: string): string => word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
/** All orders of a few words. */
function orders(words: string[]): string[][] {
  if (words.length <= 1) return [words];
  return words.flatMap((w, i) => orders(words.toSpliced(i, 1)).map((rest) => [w, ...rest]));
}
/** A pattern of ids that hold all words, in whatever case and (up to three) order. */
export function idPattern(words: string[]): string {
  const escaped = words.map(literally);
  const all = escaped.length > 3 ? [escaped] : orders(escaped);
  return `(?i)${all.map((o) => o.join('.*')).join('|')}`;
}
/** A query for names that hold all words. */
export function nameQuery(words: string[]): string {
  // A pattern stands in quotes as it is: only the quote itself is escaped once more.
  const quoted = (w: string) => literally(w).replace(/"/g, '\\"');
  return words.map((w) => `name~="(?i).*${quoted(w)}.*"`).join(';');
}
const together = (a: string, b: string): string => (a && b ? `(${a});${b}` : a || b);

function base(type: string, sort: string, down: boolean): URLSearchParams {
  const p = new URLSearchParams({ type, local: 'true' });
  if (sort) p.set('orderBy', `${sort};${down ? 'desc' : 'asc'}`);
  return p;
}
/** The queries whose union is what is asked for: one, or with words one by id and one by name. */
export function queries(type: string, a: Asked): URLSearchParams[] {
  const words = wordsOf(a.find);
  const one = base(type, a.sort, a.down);
  if (!words.length) {
    if (a.q) one.set('q', a.q);
    return [one];
  }
  const byId = new URLSearchParams(one);
  byId.set('idPattern', idPattern(words));
  if (a.q) byId.set('q', a.q);
  one.set('q', together(a.q, nameQuery(words)));
  return [byId, one];
}

/** The order in which the server would have given them. */
export function ordered(rows: Entity[], sort: string, down: boolean): Entity[] {
  if (!sort) return rows;
  const key = (e: Entity) => (sort === 'id' ? e.id : plain(e.attrs.get(sort)?.[0]));
  return rows.toSorted((a, b) => {
    const [x, y] = [key(a), key(b)];
    // What has no value stands last, whichever way.
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const less =
      typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x < typeof y ? -1 : 1;
    return down ? -less : less;
  });
}
/** Several answers as one list, each entity once. */
export function union(pages: Entity[][]): Entity[] {
  const all = new Map<string, Entity>();
  for (const e of pages.flat()) if (!all.has(e.id)) all.set(e.id, e);
  return [...all.values()];
}
export const typePath = (type: string): string =>
  // One address is taken: a type of this name is found by its whole name.
  type === 'subscriptions'
    ? '/data/https%3A%2F%2Furi.etsi.org%2Fngsi-ld%2Fdefault-context%2Fsubscriptions'
    : `/data/${encodeURIComponent(type)}`;
export const entityPath = (type: string, id: string): string =>
  `${typePath(type)}/${encodeURIComponent(id)}`;

/** Type and id that an address names. */
export const partsOf = (path: string): string[] =>
  path
    .split('/')
    .slice(2)
    .filter(Boolean)
    .map((p) => {
      try {
        return decodeURIComponent(p);
      } catch {
        // A percent sign by itself: it is what somebody typed.
        return p;
      }
    });
