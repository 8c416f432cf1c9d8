// Simple comparisons as a query of clause 4.9, and back. What somebody wrote by hand and is more
// than that stays as it is. Pure.
export const OPERATORS = ['>', '>=', '<', '<=', '==', '!='] as const;
export type Operator = (typeof OPERATORS)[number];
export interface Condition {
  attr: string;
  operator: Operator;
  value: string;
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
/** A value as a query writes it: numbers and yes or no as they are, the rest as text. */
export const literal = (value: string): string =>
  NUMBER.test(value) || value === 'true' || value === 'false' ? value : JSON.stringify(value);

/** Rows that are not filled in say nothing. */
export const write = (all: Condition[]): string =>
  all
    .filter((c) => c.attr && c.value.trim())
    .map((c) => `${c.attr}${c.operator}${literal(c.value.trim())}`)
    .join(';');

const ONE =
  /^([A-Za-z_][\w.]*)(==|!=|>=|<=|>|<)("(?:[^"\\]|\\.)*"|-?[\d.]+(?:[eE][+-]?\d+)?|true|false)$/;
/** The rows that a query is, or null where it is more than they can say. */
export function read(q: string): Condition[] | null {
  if (!q.trim()) return [];
  const rows: Condition[] = [];
  // A semicolon in a text is not one between conditions.
  for (const part of q.match(/(?:"(?:[^"\\]|\\.)*"|[^;"])+/g) ?? []) {
    const found = ONE.exec(part.trim());
    if (!found) return null;
    const [, attr, operator, value] = found;
    let text = value!;
    if (text.startsWith('"')) {
      try {
        text = JSON.parse(text) as string;
      } catch {
        return null;
      }
    }
    rows.push({ attr: attr!, operator: operator as Operator, value: text });
  }
  // Written again it has to be the same, or a text that looks like a number would become one.
  return write(rows) === q.replace(/\s+/g, '') || write(rows) === q ? rows : null;
}
