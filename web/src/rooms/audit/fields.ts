// Every field of a log entry in words, beside its value as it stands in the log.
import type { LogEntry } from '../../api/types';
import { isTime } from '../../log/entry';
import { say, words } from '../../words/index.svelte';
import { date } from './plain';

export interface Field {
  name: string;
  label: string;
  value: string;
  /** 32 bytes or a key id: other entries may name the same. */
  hash: boolean;
}

const HOUR_US = 3_600_000_000;
const yesNo = (v: unknown): string => say(v ? 'val.yes' : 'val.no');

function value(name: string, v: unknown): string {
  if (typeof v === 'boolean') return yesNo(v);
  if (typeof v === 'number') {
    if (name === 'until' || name === 'review' || name === 'disclose_at') return date(v);
    if (name === 'length_s') return words.length(v * 1e6);
    // Places in the log, not amounts: as they stand in its addresses.
    if (name === 'opening') return String(v);
    const hour = name === 'hour' && isTime((v + 1) * 3_600);
    if (hour) return words.range(v * HOUR_US, (v + 1) * HOUR_US);
    return words.number(v);
  }
  const s = String(v);
  if (name === 'body') return words.known('body', s);
  if (name === 'purpose') return words.known('purpose', s);
  if (name === 'court') return words.known('court', s);
  if (name === 'reason') return words.known('dly.reason', s);
  if (name === 'what') return words.known('glass', s);
  if (name === 'role') return words.known('role', s);
  if (name === 'how') return words.known('how', s);
  if (name === 'decision') return words.known('val', s);
  if (name === 'legal_basis') return words.basis(s);
  return s;
}

/** In the order of the log's own bytes. */
export const fields = (e: LogEntry): Field[] =>
  Object.entries(e)
    .filter(([name]) => !['v', 'kind', 'at'].includes(name))
    .map(([name, v]) => ({
      name,
      label: words.known('logfield', name),
      value: value(name, v),
      hash: typeof v === 'string' && /^[0-9a-f]{16,64}$/.test(v),
    }));
