// What of the page's address makes a view: page, filter and form, not what happens to be chosen.
const KEPT = ['page', 'find', 'only', 'as'];

export function queryKept(query: string): string {
  const from = new URLSearchParams(query);
  const out = new URLSearchParams();
  for (const k of KEPT) {
    const v = from.get(k);
    if (v) out.set(k, v);
  }
  return out.toString();
}
