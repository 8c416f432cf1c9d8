// Small logs, each with one thing that somebody has to explain, and one with nothing of the kind.
import { expect, test } from 'vitest';
import { place, type Placed } from './order';
import { Unexplained, type Found } from './unexplained';

const NOW = 1_000_000;
type Said = [at: number, kind: string, fields?: Record<string, unknown>];
function look(said: Said[], start = true, since = 0): Found {
  const all = new Unexplained(NOW, since);
  const texts = said.map(([at, kind, fields]) =>
    JSON.stringify({ v: 1, kind, at: NOW - at, ...fields }),
  );
  for (const p of placed(texts).toReversed()) all.take(p);
  return all.end(start);
}
const placed = (texts: string[]): Placed[] =>
  place(
    texts.map((json, index) => ({ index, json, hash: new Uint8Array(), raw: new Uint8Array() })),
  );
const kinds = (f: Found) => f.findings.map((x) => [x.what, x.index, x.n]);
const heads = (at: number, gaps = 0, cameras = 1): Said => [at, 'heads', { cameras, gaps }];
const START: Said[] = [[9500, 'camera_enrolled'], [9500, 'recorder_started', { recorder: '01' }]];
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

test('an opening that says another time is found where it stands', () => {
  const DAY = 86_400;
  const around = (lie: Said) => [...START, heads(180), lie, heads(120), heads(60)];
  const since = NOW - 7 * DAY;
  const of = (fields: Record<string, unknown>): Said => [
    0,
    'opening',
    { request: 'r', body: 'police', ...fields },
  ];
  for (const at of [NOW - 40 * DAY, -1, 'text', 1e300, 1.5, NOW + 9 * DAY]) {
    const found = look(around(of({ at })), true, since).findings.map((f) => [f.what, f.index]);
    expect(found, String(at)).toContainEqual(['no_request', 3]);
    expect(found, String(at)).toContainEqual(['time', 3]);
  }
});

test('what is no entry is said, and hides nothing', () => {
  const deep = '['.repeat(20_000);
  const lines = ['[]', '"x"', 'null', 'no JSON', deep, '{"v":1}'];
  const texts = calm.map(([at, kind, fields]) =>
    JSON.stringify({ v: 1, kind, at: NOW - at, ...fields }),
  );
  const [a, b] = [texts.slice(0, 3), texts.slice(3)];
  const all = new Unexplained(NOW, 0);
  for (const p of placed([...a, ...lines, ...b]).toReversed()) all.take(p);
  const found = all.end(true).findings;
  expect(found.map((f) => [f.what, f.index, f.last])).toEqual([['malformed', 3, 8]]);
});
