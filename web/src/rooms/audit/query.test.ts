import { expect, test } from 'vitest';
import { address, dateField, midnight, readSearch, wanted, type Search } from './query';

const search = (given: Partial<Search>): Search =>
  readSearch((n) => given[n as keyof Search] ?? null);

test('a search is its address', () => {
  const s = search({ find: 'opened police', kind: 'opening', from: '2026-11-01' });
  const url = new URL(address(s), 'http://city.example');
  expect(url.search).toBe('?find=opened+police&kind=opening&from=2026-11-01');
  expect(readSearch((n) => url.searchParams.get(n))).toEqual(s);
  expect(address(search({}))).toBe('/audit');
});

test('numbers, hashes and words are told apart, scripts and marks folded', () => {
  expect(wanted(search({ find: '#120' }))).toMatchObject({ number: 120, words: [] });
  expect(wanted(search({ find: '120' })).number).toBe(120);
  const hash = '9c827a4e80f8';
  const { query } = wanted(search({ find: hash.toUpperCase() }));
  expect(query).toMatchObject({ hex: hash, heads: 'each' });
  expect(wanted(search({ find: 'Снимак ОТВОРЕН' })).words).toEqual(['snimak', 'otvoren']);
  // Six letters that are a word and hexadecimal digits are a hash; five are a word.
  expect(wanted(search({ find: 'facade' })).query.hex).toBe('facade');
  expect(wanted(search({ find: 'decade faced' })).words).toEqual(['faced']);
});

test('minutes of chain heads are drawn together only where nothing else is looked for', () => {
  expect(wanted(search({})).query.heads).toBe('runs');
  expect(wanted(search({ from: '2026-11-01' })).query.heads).toBe('runs');
  expect(wanted(search({ body: 'police' })).query.heads).toBe('none');
  expect(wanted(search({ kind: 'heads' })).query.heads).toBe('each');
});

test('dates are whole days of this browser’s zone', () => {
  const { from, to } = wanted(search({ from: '2026-11-01', to: '2026-11-01' })).query;
  expect(from).toBe(new Date(2026, 10, 1).getTime() / 1000);
  expect(to).toBe(new Date(2026, 10, 2).getTime() / 1000);
  expect(midnight('1.11.2026')).toBeUndefined();
  expect(dateField(new Date(2026, 0, 5, 23).getTime())).toBe('2026-01-05');
});
