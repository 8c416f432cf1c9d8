import { expect, test } from 'vitest';
import { fitting, ticksOf } from './ticks';

const MIN = 60e6;
const at = (n: number) => ({ t: n * MIN, text: '12:00:00' });

test('round times, as many as asked for', () => {
  expect(ticksOf(0.5 * MIN, 4.5 * MIN, 4)).toEqual([1, 2, 3, 4].map((n) => n * MIN));
  expect(ticksOf(0, 60 * MIN, 8)).toEqual([0, 10, 20, 30, 40, 50].map((n) => n * MIN));
});

test('labels never run into each other or out of the box', () => {
  const all = [0, 1, 2, 3, 4, 5, 6, 7].map(at);
  for (let width = 0; width <= 1200; width += 10) {
    const shown = fitting(all, 0, 7.1 * MIN, width);
    shown.forEach((l, i) => {
      expect(l.at).toBeGreaterThanOrEqual(32);
      expect(l.at).toBeLessThanOrEqual(width - 32);
      if (i) expect(l.at - shown[i - 1]!.at).toBeGreaterThanOrEqual(74);
    });
    if (width >= 64) expect(shown.length).toBeGreaterThan(0);
  }
  expect(fitting(all, 0, 7.1 * MIN, 1200)).toHaveLength(8);
  // A phone: every second or so.
  expect(fitting(all, 0, 7.1 * MIN, 330).map((l) => l.t / MIN)).toEqual([0, 3, 6]);
});
