import { expect, test } from 'vitest';
import { CameraIndex } from './search';

const STREETS = ['Mannerheimintie', 'Kaivokatu', 'Трг Републике', 'Đorđa Vajferta', 'Šetalište'];
const city = Array.from({ length: 8000 }, (_, i) => ({
  id: i + 1,
  label: `${STREETS[i % STREETS.length]} ${Math.floor(i / STREETS.length) + 1}`,
}));
const ids = (found: readonly { id: number }[]) => found.map((c) => c.id);

test('names are found in any script, without diacritics, by several words, by number', () => {
  const index = new CameraIndex();
  expect(index.find(city, 'trg republike')).toHaveLength(1600);
  expect(index.find(city, 'ТРГ')).toHaveLength(1600);
  expect(index.find(city, 'đorđa')).toEqual(index.find(city, 'Ђорђа'));
  expect(index.find(city, 'djordja')).toHaveLength(1600);
  expect(ids(index.find(city, 'setaliste 1600'))).toEqual([1600, 8000]);
  expect(ids(index.find(city, '7999'))).toEqual([7999]);
  const some = index.find(city, 'kaivokatu 777');
  expect(some.every((c) => c.label.startsWith('Kaivokatu'))).toBe(true);
  expect(index.find(city, 'nowhere')).toEqual([]);
});

test('no query keeps all as they are; a changed name is found by its new one alone', () => {
  const index = new CameraIndex();
  expect(index.find(city, '  ')).toBe(city);
  const one = [{ id: 1, label: 'Old' }];
  expect(ids(index.find(one, 'old'))).toEqual([1]);
  one[0] = { id: 1, label: 'New' };
  expect(ids(index.find(one, 'old'))).toEqual([]);
  expect(ids(index.find(one, 'new'))).toEqual([1]);
});
