import { expect, test } from 'vitest';
import {
  entityPath,
  idPattern,
  nameQuery,
  ordered,
  partsOf,
  queries,
  readAsked,
  typePath,
  union,
} from './ask';
import { readEntity } from './entity';

const of = (text: string) => {
  const p = new URLSearchParams(text);
  return readAsked((n) => p.get(n));
};

test('what is asked is in the address, and what is no page there is the first', () => {
  expect(of('find=a+b&q=x%3E1&sort=NO2;desc&page=3')).toEqual({
    find: 'a b',
    q: 'x>1',
    sort: 'NO2',
    down: true,
    page: 3,
  });
  expect(of('page=-1').page).toBe(1);
  expect(of('page=x').page).toBe(1);
  expect(of('sort=name')).toMatchObject({ sort: 'name', down: false });
});

test('words are looked for in any order and as they are, patterns or not', () => {
  expect(new RegExp(idPattern(['kai', 'bin']).replace('(?i)', ''), 'i').test('urn:Bin:Kaivo')).toBe(
    true,
  );
  expect(idPattern(['a.b'])).toBe('(?i)a\\.b');
  expect(nameQuery(['a', 'b"c'])).toBe('name~="(?i).*a.*";name~="(?i).*b\\"c.*"');
});

test('words and a query hold together; the order goes with both', () => {
  const [plain] = queries('Bin', of('q=x%3E1|y%3E2'));
  expect(plain!.get('q')).toBe('x>1|y>2');
  const [id, name] = queries('Bin', of('find=a&q=x%3E1|y%3E2&sort=x'));
  expect(id!.get('idPattern')).toBe('(?i)a');
  expect(id!.get('q')).toBe('x>1|y>2');
  expect(name!.get('q')).toBe('(x>1|y>2);name~="(?i).*a.*"');
  expect([id!.get('orderBy'), name!.get('orderBy')]).toEqual(['x;asc', 'x;asc']);
});

test('several answers are one list, each once, in one order; what has no value is last', () => {
  const e = (id: string, n?: number) =>
    readEntity({ id, type: 'A', ...(n !== undefined && { n: { type: 'Property', value: n } }) });
  const all = union([
    [e('a', 2), e('b')],
    [e('c', 1), e('a', 2)],
  ]);
  expect(all.map((x) => x.id)).toEqual(['a', 'b', 'c']);
  expect(ordered(all, 'n', false).map((x) => x.id)).toEqual(['c', 'a', 'b']);
  expect(ordered(all, 'n', true).map((x) => x.id)).toEqual(['a', 'c', 'b']);
});

test('addresses hold whatever a name is', () => {
  expect(entityPath('https://x.org/A', 'urn:a:1/2')).toBe(
    '/data/https%3A%2F%2Fx.org%2FA/urn%3Aa%3A1%2F2',
  );
  expect(partsOf(entityPath('https://x.org/A', 'urn:a:1/2'))).toEqual([
    'https://x.org/A',
    'urn:a:1/2',
  ]);
  expect(partsOf('/data/100%')).toEqual(['100%']);
  expect(typePath('subscriptions')).not.toBe('/data/subscriptions');
});
