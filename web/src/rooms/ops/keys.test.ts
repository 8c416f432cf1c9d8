import { expect, test } from 'vitest';
import { commandOf, type Pressed } from './keys';

const press = (key: string, more: Partial<Pressed> = {}): Pressed => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...more,
});
const what = (p: Pressed, typing = false, single = true) => commandOf(p, typing, single)?.what;

test('each key has its command, in Cyrillic too', () => {
  expect(what(press('/'))).toBe('filter');
  expect([what(press('j')), what(press('J')), what(press('ј'))]).toEqual(['next', 'next', 'next']);
  expect([what(press('K')), what(press('к'))]).toEqual(['previous', 'previous']);
  expect([what(press('a')), what(press('с')), what(press('?'))]).toEqual([
    'acknowledge',
    'shelve',
    'help',
  ]);
  expect(commandOf(press('7'), false, true)).toEqual({ what: 'view', slot: 7 });
  expect([what(press('0')), what(press('x')), what(press('Enter'))]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('no letter acts while one types, nor when switched off, nor with another modifier', () => {
  for (const key of ['/', 'j', 'k', 'a', 's', '?', '1']) {
    expect(what(press(key), true)).toBeUndefined();
    expect(what(press(key), false, false)).toBeUndefined();
    expect(what(press(key, { ctrlKey: key !== 'k', altKey: key === 'k' }))).toBeUndefined();
    expect(what(press(key, { isComposing: true }))).toBeUndefined();
  }
});

test('Ctrl+K opens the palette always', () => {
  expect(what(press('k', { ctrlKey: true }), true, false)).toBe('palette');
  expect(what(press('K', { metaKey: true }))).toBe('palette');
});
