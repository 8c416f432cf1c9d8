import { describe, expect, it } from 'vitest';
import type { Timeline } from '../../../api/types';
import { fewer, opened, shorter, total } from './least';

/** Spans of a minute from `begin` seconds on. */
const minutes = (begin: number, n: number, state = 'sealed'): Timeline => ({
  spans: Array.from({ length: n }, (_, i) => ({
    span: i + 1,
    begin: (begin + 60 * i) * 1e6,
    end: (begin + 60 * (i + 1)) * 1e6,
    state: state as Timeline['spans'][number]['state'],
  })),
  gaps: [],
});
const sight = (id: number, how: 'likely' | 'edge') => ({ id, how, metres: id * 10, off_deg: 0 });

describe('what would be opened', () => {
  it('is the whole spans of each camera', () => {
    const lines = { 1: minutes(0, 5), 2: minutes(30, 5) };
    const spans = [{ camera: 1, first: 2, last: 3 }, { camera: 2, first: 1, last: 1 }];
    const lengths = opened(spans, lines)!;
    expect([...lengths]).toEqual([[1, 120e6], [2, 60e6]]);
    expect(total(lengths)).toBe(180e6);
  });
  it('is not said while a timeline is missing or does not reach', () => {
    expect(opened([{ camera: 1, first: 1, last: 1 }], {})).toBeNull();
    expect(opened([{ camera: 1, first: 4, last: 6 }], { 1: minutes(0, 5) })).toBeNull();
  });
});

describe('what would do with less', () => {
  const lengths = new Map([[1, 180e6], [2, 120e6], [3, 180e6]]);
  it('is the cameras that are placed well', () => {
    const sights = [sight(1, 'likely'), sight(2, 'likely'), sight(3, 'edge')];
    expect(fewer(lengths, sights)).toEqual({ keep: [1, 2], saved: 180e6 });
    expect(fewer(lengths, sights.slice(1))).toEqual({ keep: [2], saved: 360e6 });
  });
  it('is the two nearest where none is placed well', () => {
    const sights = [sight(3, 'edge'), sight(1, 'edge'), sight(2, 'edge')];
    expect(fewer(lengths, sights)?.keep).toEqual([1, 3]);
  });
  it('is nothing where none is known to see it, or all are needed', () => {
    expect(fewer(lengths, [])).toBeNull();
    expect(fewer(new Map([[1, 60e6]]), [sight(1, 'likely')])).toBeNull();
    const two = new Map([[1, 6e7], [2, 6e7]]);
    expect(fewer(two, [sight(1, 'likely'), sight(2, 'likely')])).toBeNull();
  });
  it('is a few seconds less that leave a whole span closed', () => {
    const lines = { 1: minutes(0, 5) };
    const less = (from: number, to: number) => shorter([1], lines, from, to);
    const which = (from: number, to: number, cut: number, saved: number) => ({
      from, to, cut, saved,
    });
    expect(less(55e6, 180e6)).toEqual(which(60e6, 180e6, 5e6, 60e6));
    expect(less(60e6, 188e6)).toEqual(which(60e6, 180e6, 8e6, 60e6));
    expect(less(52e6, 188e6)).toEqual(which(60e6, 180e6, 16e6, 120e6));
  });
  it('never cuts much, and never what fits', () => {
    const lines = { 1: minutes(0, 5) };
    expect(shorter([1], lines, 60e6, 180e6)).toBeNull();
    expect(shorter([1], lines, 40e6, 180e6)).toBeNull();
    expect(shorter([1], lines, 55e6, 65e6), 'what is left would be too short').toBeNull();
    expect(shorter([1], { 1: minutes(0, 5, 'expired') }, 55e6, 180e6)).toBeNull();
  });
});
