import { describe, expect, test } from 'vitest';
import { beat, chosen, holes, lastEnd, limits, mediaAt, nextBegin, pull } from './clock';
import { stretchAt, stretchesOf, wallAt, within } from './clock';

const S = 1e6;
const list = [
  { begin: 10 * S, end: 20 * S },
  { begin: 40 * S, end: 50 * S },
];

describe('what a camera has', () => {
  test('jitter between pieces is no hole, a gap is', () => {
    const pieces = [
      { begin: 0, end: 2 * S },
      { begin: 2.2 * S, end: 4 * S },
      { begin: 9 * S, end: 11 * S },
    ];
    expect(stretchesOf(pieces)).toEqual([
      { begin: 0, end: 4 * S },
      { begin: 9 * S, end: 11 * S },
    ]);
  });
  test('a stretch has its first moment and not its last', () => {
    expect(stretchAt(list, 10 * S)).toBe(list[0]);
    expect(stretchAt(list, 20 * S)).toBeNull();
    expect(stretchAt(list, 30 * S)).toBeNull();
  });
  test('the next begin and the last end over all cameras', () => {
    const other = [{ begin: 25 * S, end: 30 * S }];
    expect(nextBegin([list, other], 20 * S)).toBe(25 * S);
    expect(nextBegin([list, other], 40 * S)).toBeNull();
    expect(lastEnd([list, other], 40 * S)).toBe(30 * S);
    expect(lastEnd([list, other], 15 * S)).toBeNull();
  });
  test('holes lie between stretches, not before the first or after the last', () => {
    expect(holes(list)).toEqual([{ begin: 20 * S, end: 40 * S }]);
    expect(holes(list.slice(1))).toEqual([]);
    expect(holes([])).toEqual([]);
  });
});

describe('moment and media time', () => {
  // The second piece came 100 ms late and was closed up; the third stands behind a gap.
  const places = [
    { start: 0, end: 2, begin: 100 * S },
    { start: 2, end: 4, begin: 102.1 * S },
    { start: 30, end: 32, begin: 130 * S },
  ];
  test('there and back is the same inside a piece', () => {
    for (const at of [100, 101.5, 102.1, 103.9, 130, 131.9]) {
      expect(wallAt(places, mediaAt(places, at * S, 100 * S), 100 * S)).toBeCloseTo(at * S, 0);
    }
  });
  test('a moment that was closed up shows the last frame before it', () => {
    expect(mediaAt(places, 102.05 * S, 100 * S)).toBeCloseTo(1.998, 6);
  });
  test('what is not loaded stands where it will be placed', () => {
    expect(mediaAt(places, 120 * S, 100 * S)).toBe(20);
    expect(mediaAt([], 90 * S, 100 * S)).toBe(0);
    expect(wallAt(places, 20, 100 * S)).toBe(120 * S);
  });
  test('inside of what is loaded, and never far from what was meant', () => {
    const ranges = [
      [2.08, 4],
      [30, 32],
    ] as const;
    expect(within(ranges, 3, 0.3)).toBe(3);
    expect(within(ranges, 2, 0.3)).toBe(2.08);
    expect(within(ranges, 4, 0.3)).toBeCloseTo(3.998);
    expect(within(ranges, 10, 0.3)).toBeNull();
    expect(within([], 0, 0.3)).toBeNull();
  });
});

describe('drift', () => {
  test('half a frame is left alone, a little is played off, much is jumped', () => {
    expect(pull(0.015, 0.04)).toEqual({ rate: 1 });
    expect(pull(0.05, 0.04)).toEqual({ rate: 0.95 });
    expect(pull(-0.05, 0.04)).toEqual({ rate: 1.05 });
    expect(pull(0.4, 0.04)).toEqual({ rate: 0.9 });
    expect(pull(-0.4, 0.04)).toEqual({ rate: 1.1 });
    expect(pull(0.6, 0.04)).toBe('jump');
    expect(pull(-0.6, 0.04)).toBe('jump');
  });
  test('followed beat by beat, every start ends within a frame', () => {
    for (const start of [-0.49, -0.2, 0.1, 0.45]) {
      let ahead = start;
      for (let i = 0; i < 100; i += 1) {
        const p = pull(ahead, 0.04);
        if (p !== 'jump') ahead += (p.rate - 1) * 0.1;
      }
      expect(Math.abs(ahead)).toBeLessThan(0.04);
    }
  });
});

describe('the common clock', () => {
  const a = { stretches: list, waits: false };
  const b = { stretches: [{ begin: 15 * S, end: 18 * S }], waits: false };
  test('goes on while those who have the moment can show it', () => {
    expect(beat(12 * S, S / 10, [a, b])).toEqual({ at: 12.1 * S, waiting: false, over: false });
  });
  test('waits for who has the moment, not for who has it not', () => {
    const slow = { ...b, waits: true };
    expect(beat(16 * S, S / 10, [a, slow])).toEqual({ at: 16 * S, waiting: true, over: false });
    expect(beat(12 * S, S / 10, [a, slow]).at).toBe(12.1 * S);
  });
  test('steps over what nobody has, and stops at the last end', () => {
    expect(beat(19.95 * S, S / 10, [a, b])).toEqual({ at: 40 * S, waiting: false, over: false });
    expect(beat(30 * S, S / 10, [a, b]).at).toBe(40 * S);
    expect(beat(49.95 * S, S / 10, [a, b])).toEqual({ at: 50 * S, waiting: false, over: true });
    expect(beat(7, S, [])).toEqual({ at: 7, waiting: false, over: true });
  });
  test('a stretch shorter than a beat is not passed by', () => {
    const short = { stretches: [{ begin: 20.02 * S, end: 20.05 * S }], waits: false };
    expect(beat(19.95 * S, S, [a, short]).at).toBe(20.02 * S);
  });
});

test('four cameras together load no more than one', () => {
  for (const n of [1, 2, 3, 4]) {
    expect(n * limits(n).ahead).toBeCloseTo(limits(1).ahead);
    expect(n * limits(n).behind).toBeCloseTo(limits(1).behind);
  }
});

test('the address names cameras, those that are not there are left out', () => {
  expect(chosen(null, [4, 7, 9], 4)).toEqual([4]);
  expect(chosen('9,4', [4, 7, 9], 4)).toEqual([4, 9]);
  expect(chosen('5,x', [4, 7, 9], 4)).toEqual([4]);
  expect(chosen('1,2,3,4,5', [1, 2, 3, 4, 5], 4)).toEqual([1, 2, 3, 4]);
  expect(chosen('1', [], 4)).toEqual([]);
});
