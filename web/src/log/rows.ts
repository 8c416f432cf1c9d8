// Entries as files to take away: JSON lines byte for byte as hashed, or a table for a spreadsheet.
import { isTime } from './entry';
import type { Line } from './scan';

/** Every column of the table: what is common first, then the fields of all kinds. */
export const COLUMNS = [
  'number',
  'at',
  'kind',
  'body',
  'purpose',
  'legal_basis',
  'decision',
  'how',
  'cameras',
  'length_s',
  'gaps',
  'hour',
  'keys',
  'spans',
  'until',
  'review',
  'version',
  'by_s',
  'danger_to_life',
  'request',
  'case',
  'bundle',
  'recorder',
  'root',
  'roster',
  'hash',
  'camera_commitment',
  'span_commitment',
  'place_commitment',
  'hold_commitment',
  'disclose_at',
  'place',
  'day',
  'court',
  'extension',
  'reason',
] as const;

/** Times as people and spreadsheets read them: RFC 3339 in UTC. */
const instant = (s: number): string => new Date(s * 1000).toISOString().replace('.000Z', 'Z');
const TIMES = new Set(['at', 'until', 'review', 'disclose_at']);

/** What a spreadsheet takes for the beginning of a formula, full-width forms too, after blanks. */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;

/** RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function cell(v: unknown): string {
  if (v === undefined || v === null) return '';
  const s = typeof v === 'string' && FORMULA.test(v) ? `'${v}` : String(v);
  return /[",\n\r]/.test(s) ? `"${s.replace(/"/g, '""')}"` : s;
}

export const csvHead = (): string => `${COLUMNS.join(',')}\r\n`;

/** Of what is malformed the table has the number alone: its bytes are in the JSON lines. */
export function csvLine(line: Line): string {
  const e: Record<string, unknown> = line.malformed
    ? { kind: '(malformed)' }
    : (JSON.parse(line.text) as Record<string, unknown>);
  const value = (c: string) => {
    const v = c === 'number' ? line.index : e[c];
    return cell(TIMES.has(c) && isTime(v) ? instant(v) : v);
  };
  return `${COLUMNS.map(value).join(',')}\r\n`;
}

/** The exact bytes as they were hashed; what is malformed stands in base64 beside its number. */
export const jsonLine = (line: Line): string =>
  line.malformed
    ? `${JSON.stringify({ malformed_entry: line.index, bytes: line.text })}\n`
    : `${line.text}\n`;
