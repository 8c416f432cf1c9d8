import { expect, it } from 'vitest';
import { draftPlace, writerOf } from './drafts';

it('a draft says whose it is, and nothing else is one', () => {
  expect(writerOf(draftPlace('draft', 'p.lindqvist'))).toBe('p.lindqvist');
  expect(writerOf(draftPlace('answer', 'm.niemi', 'R-1:2'))).toBe('m.niemi');
  expect(writerOf(draftPlace('hand-over', 'o.saarinen'))).toBe('o.saarinen');
  expect(draftPlace('answer', 'a', '1')).not.toBe(draftPlace('answer', 'a', '2'));
  // From before: it named nobody, so it is nobody's who signs in.
  expect(writerOf('loggia-hand-over')).toBe('');
  for (const other of ['loggia-story', 'loggia-lang', 'loggia-drafts:a', '']) {
    expect(writerOf(other)).toBeNull();
  }
});
