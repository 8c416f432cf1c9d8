// One entry of the log as it was hashed, read without trust: whoever writes the log writes these
// bytes. What has not the form of an entry is said to be malformed and never shown as something
// else.
import type { LogEntry } from '../api/types';

/** Not JSON, not an entry's form, or a time that is no whole second. */
export type Malformed = 'json' | 'form' | 'time';
export type Read =
  | { ok: true; entry: LogEntry }
  /** `entry` only where nothing but the time is wrong: what it says besides still counts. */
  | { ok: false; why: Malformed; entry: LogEntry | null };

/** 31 December 9999: what comes after has no date that people write. */
export const TIME_MAX_S = 253_402_300_799;
/** A request has the most fields, 13; strings are words, bases (64) and hashes (64). */
const FIELDS_MAX = 32;
const STRING_MAX = 128;
const INT_MAX = Number.MAX_SAFE_INTEGER;

/** Seconds since 1970 that a date can be made of. */
export const isTime = (v: unknown): v is number =>
  typeof v === 'number' && Number.isSafeInteger(v) && v >= -TIME_MAX_S && v <= TIME_MAX_S;

/** Entries are flat: every field is a short string, a whole number or a yes or no. */
function isPlain(v: unknown): boolean {
  if (typeof v === 'string') return v.length <= STRING_MAX;
  return typeof v === 'boolean' || (typeof v === 'number' && Math.abs(v) <= INT_MAX);
}

/** `json` is null where the bytes are not UTF-8. */
export function readEntry(json: string | null): Read {
  let v: unknown;
  try {
    if (json === null) return { ok: false, why: 'json', entry: null };
    v = JSON.parse(json);
  } catch {
    // Not JSON, or nested deeper than the parser goes.
    return { ok: false, why: 'json', entry: null };
  }
  const form: Read = { ok: false, why: 'form', entry: null };
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return form;
  // An entry is one line: no white space stands between its parts.
  if (/[\n\r]/.test(json)) return form;
  const { at, ...rest } = v as Record<string, unknown>;
  const said = Object.entries(rest);
  if (typeof rest['kind'] !== 'string' || !/^[a-z_]{1,40}$/.test(rest['kind'])) return form;
  if (said.length > FIELDS_MAX || !said.every(([, x]) => isPlain(x))) return form;
  if (isTime(at)) return { ok: true, entry: v as LogEntry };
  return { ok: false, why: 'time', entry: { ...rest, at: 0 } as LogEntry };
}
