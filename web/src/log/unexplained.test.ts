// Small logs, each with one thing that somebody has to explain, and one with nothing of the kind.
import { expect, test } from 'vitest';
import type { LogEntry } from '../api/types';
import { Unexplained, type Found } from './unexplained';

const NOW = 1_000_000;
type Said = [at: number, kind: string, fields?: Record<string, unknown>];
function look(said: Said[], start = true, since = 0): Found {
  const all = new Unexplained(NOW, since);
  said
    .map(([at, kind, fields], i) => [i, { v: 1, kind, at: NOW - at, ...fields }] as const)
    .toReversed()
    .forEach(([i, e]) => all.take(i, e as LogEntry));
  return all.end(start);
}
const kinds = (f: Found) => f.findings.map((x) => [x.what, x.index, x.n]);
const heads = (at: number, gaps = 0, cameras = 1): Said => [at, 'heads', { cameras, gaps }];
const START: Said[] = [[400, 'camera_enrolled'], [400, 'recorder_started', { recorder: '01' }]];
const calm = [...START, heads(180), heads(120), heads(60)];
const asked = (request: string): Said => [170, 'request_filed', { request, body: 'police' }];
const decided = (request: string, body: string, decision = 'approve'): Said => [
  165,
  'decision',
  { request, body, decision },
];
const opened = (request: string): Said => [161, 'opening', { request, body: 'police' }];

test('a log in order leaves nothing unexplained', () => {
  const line = [asked('r'), decided('r', 'oversight'), opened('r')];
  const log = [...START, heads(180), ...line, heads(120), heads(60)];
  expect(kinds(look(log))).toEqual([]);
});

test('an opening without a request, or without the other body’s approval', () => {
  const bare = [...calm.slice(0, 3), opened('r'), heads(120), heads(60)];
  expect(kinds(look(bare))).toEqual([['no_request', 3, 1]]);
  for (const decision of [[], [decided('r', 'police')], [decided('r', 'oversight', 'refuse')]]) {
    const log = [...START, heads(180), asked('r'), ...decision, opened('r'), heads(120), heads(60)];
    expect(kinds(look(log))).toEqual([['no_approval', 4 + decision.length, 1]]);
  }
  // Not yet read back to the request: no word about it.
  expect(kinds(look([opened('r'), heads(120), heads(60)], false))).toEqual([]);
});

test('minutes without chain heads, in the middle and up to now', () => {
  const hole = [...START, heads(600), heads(180), heads(120), heads(60)];
  expect(kinds(look(hole))).toEqual([['no_heads', 2, 6]]);
  expect(kinds(look([...START, heads(660), heads(600)]))).toEqual([['no_heads', 3, 9]]);
  expect(kinds(look([...START, heads(600), heads(60)], true, NOW - 100))).toEqual([]);
});

test('silent cameras are one finding for as long as they are', () => {
  const log = [...START, heads(300, 1), heads(240, 3), heads(180, 1), heads(120), heads(60, 2)];
  expect(look(log).findings).toMatchObject([
    { what: 'silent', n: 2, begin: NOW - 60, end: NOW - 60 },
    { what: 'silent', n: 3, begin: NOW - 300, end: NOW - 180 },
  ]);
});

test('keys due and not destroyed, once an hour has gone by', () => {
  const due = (at: number, hour: number): Said => [at, 'key_due', { hour, keys: 4 }];
  const done = (at: number, hour: number): Said => [at, 'key_destroyed', { hour, keys: 4 }];
  const keys = [due(9000, 1), due(9000, 2), done(8999, 1), due(100, 3)];
  const log = [...START, ...keys, heads(120), heads(60)];
  expect(kinds(look(log))).toEqual([['not_destroyed', 3, 4]]);
});

test('more cameras than were enrolled, a recorder that nobody named, a clock that jumped', () => {
  expect(kinds(look([...START, heads(60, 0, 3)]))).toEqual([['not_enrolled', 2, 2]]);
  expect(kinds(look([[400, 'camera_enrolled'], heads(60)]))).toEqual([['no_recorder', 1, 1]]);
  expect(kinds(look([...calm, [30, 'clock_disputed', { by_s: -7 }]]))).toEqual([['clock', 5, -7]]);
  // These need the log's beginning.
  expect(kinds(look([heads(60, 0, 3)], false))).toEqual([]);
});

test('what is beyond the most that is kept is counted', () => {
  const many: Said[] = Array.from({ length: 600 }, () => [50, 'clock_disputed', { by_s: 1 }]);
  const f = look([...calm, ...many]);
  expect([f.findings.length, f.more]).toEqual([500, 100]);
});
