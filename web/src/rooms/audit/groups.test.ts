import { expect, test } from 'vitest';
import type { AccessLine } from '../../api/types';
import { groups } from './groups';

const HOUR = 3_600_000_000;
let id = 0;
const line = (at: number, person: string, request: string, act = 'play'): AccessLine => ({
  id: (id += 1),
  at,
  person,
  request,
  act,
  detail: '',
});

test('one group for each person, request and hour, newest first, with its acts counted', () => {
  const got = groups([
    line(2 * HOUR + 9, 'a', 'r1', 'seek'),
    line(2 * HOUR + 5, 'a', 'r1', 'seek'),
    line(2 * HOUR + 4, 'b', 'r1'),
    line(2 * HOUR + 1, 'a', 'r1'),
    line(2 * HOUR - 1, 'a', 'r1'),
    line(HOUR, 'a', 'r2'),
  ]);
  expect(got.map((g) => [g.person, g.request, g.lines.length, g.begin, g.end])).toEqual([
    ['a', 'r1', 3, 2 * HOUR + 1, 2 * HOUR + 9],
    ['b', 'r1', 1, 2 * HOUR + 4, 2 * HOUR + 4],
    ['a', 'r1', 1, 2 * HOUR - 1, 2 * HOUR - 1],
    ['a', 'r2', 1, HOUR, HOUR],
  ]);
  expect(got[0]!.acts).toEqual([['seek', 2], ['play', 1]]);
  expect(groups([])).toEqual([]);
});
