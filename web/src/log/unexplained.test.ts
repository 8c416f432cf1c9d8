// Small logs, each with one thing that somebody has to explain, and one with nothing of the kind.
import { expect, test } from 'vitest';
import { place } from './order';
import type { Leaf } from './trunk';
import { Unexplained, type Found } from './unexplained';

const NOW = 1_000_000;
type Said = [at: number, kind: string, fields?: Record<string, unknown>];
const NONE = new Uint8Array();
const leaf = (index: number, json: string): Leaf => ({ index, json, hash: NONE, raw: NONE });
const json = ([at, kind, fields]: Said) =>
  JSON.stringify({ v: 1, kind, at: NOW - at, ...fields });
/** As the log is read: in bundles, the newest first. */
function read(lines: string[], start = true, since = 0, floor = Infinity): Found {
  const all = new Unexplained(NOW, since, floor);
  const leaves = lines.map((l, i) => leaf(i, l));
  for (let n = Math.ceil(leaves.length / 256) - 1; n >= 0 && !all.done(); n -= 1) {
    const some = place(leaves.slice(n * 256, n * 256 + 256));
    some.toReversed().forEach((p) => all.take(p));
  }
  return all.end(start);
}
const look = (said: Said[], start = true, since = 0) => read(said.map(json), start, since);
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

test('each opening of the break-glass account is asked about, with its uses', () => {
  const broken: Said[] = [
    [175, 'break_glass_opened', { until: NOW + 3000 }],
    [174, 'break_glass_used', { what: 'signed_in' }],
    [173, 'break_glass_used', { what: 'account_disabled' }],
    [150, 'break_glass_ended', { how: 'recalled', opening: 3 }],
    [140, 'break_glass_opened', { until: NOW + 3000 }],
  ];
  const found = look([...START, heads(180), ...broken, heads(120), heads(60)]);
  expect(kinds(found)).toEqual([
    ['break_glass', 7, 0],
    ['break_glass', 3, 2],
  ]);
  const [open, shut] = found.findings;
  expect([open?.begin, open?.end]).toEqual([NOW - 140, NOW]);
  expect([shut?.begin, shut?.end]).toEqual([NOW - 175, NOW - 150]);
  // Its uses are of the days that are looked at, its opening is not: it is asked about too.
  const since = look([...START, ...broken.slice(0, 4), heads(120), heads(60)], true, NOW - 173);
  expect(kinds(since)).toContainEqual(['break_glass', 4, 1]);
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
  const keys = [due(9000, 1), due(9000, 2), done(8999, 1), due(200, 3)];
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

test('what is beyond the most that is kept is counted, and hides nothing of another kind', () => {
  const many: Said[] = Array.from({ length: 600 }, () => [50, 'clock_disputed', { by_s: 1 }]);
  const f = look([...START, heads(180), opened('r'), heads(120), heads(60), ...many]);
  expect([f.findings.length, f.more]).toEqual([501, 100]);
  expect(f.findings.find((x) => x.what === 'no_request')?.index).toBe(3);
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
  const texts = calm.map(json);
  const { findings: found } = read([...texts.slice(0, 3), ...lines, ...texts.slice(3)]);
  expect(found.map((f) => [f.what, f.index, f.last])).toEqual([['malformed', 3, 8]]);
});

const DAY = 86_400;
const WEEK = NOW - 7 * DAY;
/** Chain heads every minute up to `to` seconds ago. */
const minutes = (n: number, to = 60): Said[] =>
  Array.from({ length: n }, (_, i) => heads(to + (n - 1 - i) * 60));

test('more than a bundle of entries dated back hides no opening among them', () => {
  const back = minutes(700, 8 * DAY);
  const [fresh, newest] = [minutes(300, 7_200), minutes(99)];
  const lie: Said = [8 * DAY + 350 * 60, 'opening', { request: 'r', body: 'police' }];
  const log = [...fresh, ...back.slice(0, 350), lie, ...back.slice(350), ...newest];
  const found = look(log, true, WEEK).findings;
  expect(found).toContainEqual(expect.objectContaining({ what: 'no_request', index: 650 }));
  // Where the time goes back is said once, by the entries that do not fit.
  expect(found.filter((f) => f.what === 'time')).toMatchObject([{ index: 256, last: 299 }]);
});

test('an entry after a head that this browser saw is of the days since, whatever it says', () => {
  const log = [...minutes(3_000, 8 * DAY), opened('r')].map(json);
  log[3_000] = log[3_000]!.replace(/"at":\d+/, `"at":${NOW - 8 * DAY}`);
  expect(read(log, true, WEEK).findings.map((f) => f.what)).not.toContain('no_request');
  const seen = read(log, true, WEEK, 2_990).findings.map((f) => f.what);
  expect(seen).toContain('no_request');
});

test('what an honest log’s clock does is no finding', () => {
  // Two callers within a second or two, a clock set back by ten minutes, half a day without power.
  const jitter = [...START, heads(600), heads(602), heads(540), heads(480)];
  expect(kinds(look(jitter)).filter(([w]) => w === 'time')).toEqual([]);
  const set = [...START, ...minutes(20, 600), ...minutes(30, 0).slice(5)];
  expect(kinds(look(set)).filter(([w]) => w === 'time')).toEqual([]);
  const off = [...minutes(300, 7 * DAY), ...minutes(60)];
  expect(kinds(look(off)).filter(([w]) => w === 'time')).toEqual([]);
  // The clock leapt back by two days: the machine disputes it and says so. That is the finding.
  const leap = (by_s: number): Said[] => [
    ...minutes(300, 2_000),
    [2 * DAY + 1_900, 'clock_disputed', { by_s }],
    ...minutes(290, 2 * DAY - 15_600),
  ];
  expect(kinds(look(leap(-2 * DAY))).map(([w]) => w)).not.toContain('time');
  expect(kinds(look(leap(-2 * DAY))).map(([w]) => w)).toContain('clock');
  // A leap of another size explains nothing.
  expect(kinds(look(leap(-60))).map(([w]) => w)).toContain('time');
});

test('a resident’s freeze asks nothing of anybody', () => {
  const ask: Said[] = [
    [170, 'case_opened', { case: 'c', purpose: 'subject_access' }],
    [170, 'freeze', { request: 'c', spans: 3 }],
  ];
  const ended: Said = [130, 'request_ended', { request: 'c', how: 'withdrawn' }];
  expect(kinds(look([...START, heads(180), ...ask, heads(120), heads(60)]))).toEqual([]);
  expect(kinds(look([...START, heads(180), ...ask, ended, heads(120), heads(60)]))).toEqual([]);
});
