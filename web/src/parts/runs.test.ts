import { expect, test } from 'vitest';
import { runs } from './runs';

test('neighbours are one run, a hole parts two, order and overlap do not matter', () => {
  const day = Array.from({ length: 4320 }, (_, i) => ({ begin: i * 20, end: i * 20 + 20 }));
  expect(runs(day, 0)).toEqual([{ begin: 0, end: 86400 }]);
  const torn = day.filter((s) => s.begin < 1000 || s.begin >= 2000).toReversed();
  expect(runs(torn, 0)).toEqual([
    { begin: 0, end: 1000 },
    { begin: 2000, end: 86400 },
  ]);
  expect(runs(torn, 1000)).toHaveLength(1);
  expect(runs([{ begin: 0, end: 50 }, { begin: 10, end: 20 }], 0)).toEqual([{ begin: 0, end: 50 }]);
  expect(runs([], 5)).toEqual([]);
});
