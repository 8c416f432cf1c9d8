import { expect, test } from 'vitest';
import { classOf, colourOf, scaleOf, step } from './scale';

test('steps are round', () => {
  expect([step(5), step(1), step(37), step(0.42), step(100)]).toEqual([1, 0.2, 10, 0.1, 20]);
});

test('every number lies in the class whose bounds hold it', () => {
  for (const values of [
    [21, 27, 44],
    [-6.2, -0.1, 2],
    [0.02, 0.97],
    [1e6, 3e6],
    [5, 5.0000001],
  ]) {
    const s = scaleOf(values);
    if (s.kind !== 'numbers') throw new Error('numbers');
    expect(s.bounds.length - 1).toBeLessThanOrEqual(6);
    for (const v of values) {
      const at = classOf(s, v);
      expect(s.bounds[at]!, `${v}`).toBeLessThanOrEqual(v);
      expect(s.bounds[at + 1]!, `${v}`).toBeGreaterThanOrEqual(v);
    }
  }
});

test('words by how often they are; what is beyond six colours is one', () => {
  const few = scaleOf(['on', 'off', 'on']);
  expect(few).toEqual({ kind: 'words', words: ['on', 'off'], others: false });
  const many = scaleOf('aabbccddeefghij'.split(''));
  expect(many).toMatchObject({ words: ['a', 'b', 'c', 'd', 'e'], others: true });
  expect(classOf(many, 'j')).toBe(5);
});

test('nothing is a class by itself, and one value alone is no ramp', () => {
  expect(classOf(scaleOf([1, 2]), null)).toBe(-1);
  expect(colourOf(scaleOf([1, 2]), -1)).toBe('--data-none');
  expect(scaleOf([null, null])).toEqual({ kind: 'none' });
  expect(scaleOf([7, 7])).toMatchObject({ bounds: [7, 7] });
  expect(classOf(scaleOf([7, 7]), 7)).toBe(0);
  expect(scaleOf(['x', 1, 'y'])).toMatchObject({ kind: 'words' });
});
