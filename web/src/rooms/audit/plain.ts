// Log entries in plain words. What a kind does not say is not guessed.
import type { LogEntry } from '../../api/types';
import { isTime } from '../../log/entry';
import { say, words } from '../../words/index.svelte';

/** Numbers of an entry are only said: one that no date has stands as it is. */
export const date = (s: number): string => (isTime(s) ? words.dateTime(s * 1e6) : String(s));
const str = (v: unknown): string => (typeof v === 'string' ? v : '');
const num = (v: unknown): number => (typeof v === 'number' ? v : 0);

/** Everything by which an entry may be looked for: its words, its kind's, and those of the square. */
export function called(e: LogEntry): string {
  const square = words.known('aud.also', e.kind);
  const also = square === e.kind ? '' : square;
  const kind = `${e.kind} ${e.kind.replaceAll('_', ' ')}`;
  return `${plain(e)} ${words.known('logkind', e.kind)} ${kind} ${also}`;
}

/** What the break-glass account was used for, and whose account it was by role and body. */
function used(e: LogEntry): string {
  const what = words.known('glass', str(e['what']));
  const [role, body] = [str(e['role']), str(e['body'])];
  if (!role || !body) return what;
  const who = { role: words.known('role', role), body: words.known('body', body) };
  return say('glass.whose', { what, ...who });
}

export function plain(e: LogEntry): string {
  const facts = {
    body: words.known('body', str(e['body'])),
    purpose: words.known('purpose', str(e['purpose'])),
    basis: str(e['legal_basis']),
    length: words.length(num(e['length_s']) * 1e6),
    what: used(e),
    how: words.known('how', str(e['how'])),
    keys: words.number(num(e['keys'])),
    spans: words.number(num(e['spans'])),
    gaps: words.number(num(e['gaps'])),
    version: words.number(num(e['version'])),
    by: words.number(num(e['by_s'])),
    recorder: str(e['recorder']),
    until: e['until'] ? date(num(e['until'])) : '',
    date: date(num(e['disclose_at'])),
    court: words.known('court', str(e['court'])),
    reason: words.known('dly.reason', str(e['reason'])),
    cameras: e.kind === 'heads' ? words.number(num(e['cameras'])) : say('unit.cameras', { n: num(e['cameras']) }),
  };
  const kind = e.kind === 'decision' ? `decision_${str(e['decision'])}` : e.kind;
  const pattern = words.known('log', kind);
  return pattern === kind ? e.kind : say(`log.${kind}` as 'log.opening', facts);
}
