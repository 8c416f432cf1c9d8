// Entries as files to take away: JSON lines byte for byte as hashed, or a table for a spreadsheet.

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
] as const;

/** Times as people and spreadsheets read them: RFC 3339 in UTC. */
const instant = (s: number): string => new Date(s * 1000).toISOString().replace('.000Z', 'Z');
const TIMES = new Set(['at', 'until', 'review']);

/** RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe. */
function cell(v: unknown): string {
  if (v === undefined || v === null) return '';
  const s = typeof v === 'string' && /^[=+\-@\t]/.test(v) ? `'${v}` : String(v);
  return /[",\n\r]/.test(s) ? `"${s.replace(/"/g, '""')}"` : s;
}

export const csvHead = (): string => `${COLUMNS.join(',')}\r\n`;

export function csvLine(index: number, json: string): string {
  const e = JSON.parse(json) as Record<string, unknown>;
  const value = (c: string) => {
    const v = c === 'number' ? index : e[c];
    return cell(TIMES.has(c) && typeof v === 'number' ? instant(v) : v);
  };
  return `${COLUMNS.map(value).join(',')}\r\n`;
}
