// What the pages say of H.265: it plays here only by an H.264 sub-stream.
import { expect, test } from 'vitest';
import { plays } from './plays';

test('H.264 plays, H.265 by its sub-stream alone, and nothing is promised before it is seen', () => {
  expect(plays('H.264', false)).toBe('here');
  expect(plays('H.265', true)).toBe('sub');
  expect(plays('H.265', false)).toBe('export');
  expect(plays('hevc', false)).toBe('export');
  expect(plays(null, true)).toBe('unknown');
});
