import { expect, it } from 'vitest';
import { corner, namesAll, Spots } from './spots';

const road = (name: string, ...coordinates: [number, number][]) => ({
  properties: { name, layer: 'roads' },
  geometry: { type: 'LineString', coordinates },
});
const spots = new Spots([
  road('Mäkikatu', [24.94, 60.17], [24.941, 60.17]),
  road('Mäkikatu', [24.941, 60.17], [24.942, 60.17]),
  road('Rantatie', [24.942, 60.17], [24.942, 60.175]),
  road('Rantatieltä', [24.95, 60.18], [24.95, 60.181]),
  { properties: { layer: 'roads' }, geometry: { type: 'LineString', coordinates: [[1, 1]] } },
  {
    properties: { name: 'Line 4', layer: 'rail' },
    geometry: { type: 'Point', coordinates: [1, 1] },
  },
]);

it('finds a street once, in its middle, whatever the diacritics', () => {
  expect(spots.find('maki')).toEqual([{ name: 'Mäkikatu', lat: 60.17, lon: 24.941 }]);
  expect(spots.find('r').length).toBe(0);
  expect(spots.find('Line')).toEqual([]);
});
it('finds where two streets meet, and no corner where they do not', () => {
  expect(spots.find('makikatu, rantatie')).toEqual([
    { name: 'Mäkikatu, Rantatie', lat: 60.17, lon: 24.942 },
  ]);
  expect(spots.find('makikatu / rantatielta')).toEqual([]);
  expect(corner([], [])).toBeNull();
});
it('matches a camera by both names of its corner', () => {
  expect(namesAll('Mäkikatu at Rantatie', 'makikatu, rantatie')).toBe(true);
  expect(namesAll('Mäkikatu at Rantatie', 'rantatie & mäkikatu')).toBe(true);
  expect(namesAll('Mäkikatu at Rantatie', 'makikatu, ranta, ')).toBe(true);
  expect(namesAll('Mäkikatu at Rantatie', 'makikatu, asema')).toBe(false);
  expect(namesAll('Mäkikatu', '')).toBe(true);
});
