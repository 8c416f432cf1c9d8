import { expect, it } from 'vitest';
import type { AccessRequest } from '../../api/types';
import { board, left, runsOut } from './board';

const BLANK = {
  filed_at: 0,
  deadline: 100,
  open_until: null,
  case: { purpose: 'investigation' },
};
const request = (id: string, state: string, more: object = {}) =>
  ({ id, state, ...BLANK, ...more }) as AccessRequest;

it('groups by what is waited for, and what runs out first stands first', () => {
  const live = { case: { purpose: 'incident_live' }, open_until: 50 };
  const b = board([
    request('late', 'asked', { deadline: 300 }),
    request('soon', 'asked', { deadline: 200 }),
    request('keys', 'released'),
    request('open', 'exported', { open_until: 90 }),
    request('live', 'approved', live),
    request('old', 'expired', { filed_at: 1 }),
    request('new', 'refused', { filed_at: 2 }),
  ]);
  expect(b.second.map((r) => r.id)).toEqual(['soon', 'late']);
  expect(b.keys.map((r) => r.id)).toEqual(['keys']);
  expect(b.open.map((r) => r.id)).toEqual(['live', 'open']);
  expect(b.ended.map((r) => r.id)).toEqual(['new', 'old']);
});
it('counts down to the deadline that counts now', () => {
  expect(runsOut(request('a', 'asked', { open_until: 7 }))).toBe(100);
  expect(runsOut(request('a', 'open', { open_until: 7 }))).toBe(7);
  expect(runsOut(request('a', 'withdrawn'))).toBeNull();
});
it('counts no finer than one can act on', () => {
  expect(left(7_325e6, 0)).toMatchObject({ kind: 'hours', h: 2, m: 2 });
  expect(left(59e6, 0)).toMatchObject({ kind: 'soon', m: 0, s: 59 });
  expect(left(1e6, 5000)).toMatchObject({ kind: 'over', h: 0, m: 0, s: 0 });
  expect(left(47.99 * 3600e6, 0).kind).toBe('hours');
  expect(left(3599e6, 0).kind).toBe('soon');
  // A quarter of a minute into three days it is still three days.
  expect(left(72 * 3600e6 - 15e6, 0)).toMatchObject({ kind: 'days', d: 3 });
  expect(left(671.9 * 3600e6, 0)).toMatchObject({ kind: 'days', d: 28 });
});
