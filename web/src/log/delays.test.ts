// The same cases as crates/transparency/src/disclosure_tests.rs: what a browser computes by itself.
import { expect, test } from 'vitest';
import type { Disclosed } from '../api/disclosures';
import { hex, sha256, utf8 } from '../seal/bytes';
import { Calendar, DELAY_COURT_MAX_S, DELAY_MAX_S, GRACE_S, opens, standing } from './delays';
import { place } from './order';

const T = 1_795_435_200;
const DAY = 86_400;
const ID = '03'.repeat(32);
const NONE = new Uint8Array();
type Said = [at: number, kind: string, fields?: Record<string, unknown>];

const text = `{"v":1,"request":"${ID}","what":"place","numbers":[7,9]}`;
const salt = '01'.repeat(32);
const commitment = hex(await sha256(new Uint8Array(32).fill(1), utf8(text)));
const shown: Disclosed = { request: ID, details: [{ what: 'place', text, salt }] };

const due = (disclose_at: number, request = ID): Said => [
  T,
  'disclosure_due',
  { request, disclose_at, place: commitment, day: '0a'.repeat(32), hour: '0b'.repeat(32) },
];
const filed: Said = [T, 'request_filed', { request: ID, body: 'police', purpose: 'investigation' }];
const opened = (at = T + 60): Said => [at, 'opening', { request: ID, body: 'police' }];
const extended = (at: number, until: number, court = 'none'): Said => [
  at,
  'disclosure_extended',
  { request: ID, until, court, extension: '0c'.repeat(32) },
];

function told(said: Said[]) {
  const calendar = new Calendar();
  const json = said.map(([at, kind, f]) => JSON.stringify({ v: 1, kind, at, ...f }));
  const leaves = json.map((j, index) => ({ index, json: j, hash: NONE, raw: NONE }));
  place(leaves).forEach((p) => calendar.take(p));
  return calendar.opened()[0];
}
const at = (said: Said[], now: number, open = false) => standing(told(said)!, now, open);

test('delayed, then opened or overdue', () => {
  const until = T + 90 * DAY;
  const log = [due(until), filed, opened()];
  expect(at(log, T + 61)).toEqual({ is: 'delayed', at: until });
  expect(at(log, until + GRACE_S).is).toBe('delayed');
  expect(at(log, until + GRACE_S + 1)).toEqual({ is: 'overdue', at: until });
  expect(at(log, until + GRACE_S + 1, true).is).toBe('opened');
  expect(told([due(until), filed])).toBeUndefined();
  const late = T + DAY;
  expect(at([due(T), filed, opened(late)], late + 5)).toEqual({ is: 'delayed', at: late });
});

test('only what opens the commitment is public', async () => {
  const t = told([due(T), filed, opened()])!;
  expect(await opens(shown, t, 'place')).toEqual([7, 9]);
  expect(await opens(undefined, t, 'place')).toBeNull();
  expect(await opens(shown, t, 'hour')).toBeNull();
  const turned = (change: object): Disclosed => ({
    request: ID,
    details: [{ what: 'place', text, salt, ...change }],
  });
  for (const change of [
    { salt: '02'.repeat(32) },
    { salt: 'zz' },
    { text: text.replace('[7,9]', '[8,9]') },
    { text: '{}' },
  ]) {
    expect(await opens(turned(change), t, 'place')).toBeNull();
  }
});

test('an extension counts in time and up to the longest delay', () => {
  const until = T + 90 * DAY;
  const with_ = (...x: Said[]) => told([due(until), filed, opened(), ...x])!;
  expect(with_(extended(until - 1, until + DAY)).until).toBe(until + DAY);
  expect(with_(extended(until + 3_600, until + DAY)).extensions).toBe(0);
  expect(with_(extended(T + 90, T + 5)).until).toBe(until);
  const never = Number.MAX_SAFE_INTEGER;
  expect(with_(extended(until - 1, never)).until).toBe(T + DELAY_MAX_S);
  expect(with_(extended(until - 1, never, 'decision')).until).toBe(T + DELAY_COURT_MAX_S);
  expect(told([due(never), due(T), filed, opened()])!.until).toBe(T + DELAY_MAX_S);
});

test('taken down after its date alone, erased at any time', () => {
  const until = T + DAY;
  const why = { request: ID, reason: 'danger' };
  const down = (when: number): Said => [when, 'disclosure_withdrawn', why];
  const log = [due(until), filed, opened()];
  expect(at([...log, down(until)], until + DAY)).toEqual({ is: 'withdrawn', at: until });
  expect(at([...log, down(T + 90)], until + DAY).is).toBe('overdue');
  const erased: Said = [T + 90, 'records_erased', { request: ID }];
  expect(at([...log, erased], until + DAY)).toEqual({ is: 'erased', at: T + 90 });
});

test('an old log owes nothing, a new one leaves no date out', () => {
  expect(at([filed, opened()], T + DAY).is).toBe('before_dates');
  expect(at([due(T, 'ff'.repeat(32)), filed, opened()], T + 61).is).toBe('overdue');
});
