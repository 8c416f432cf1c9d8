import { expect, test } from 'vitest';
import {
  instances,
  nameOf,
  newest,
  place,
  plain,
  positions,
  ranked,
  readEntity,
  shortId,
  shortName,
  targets,
  typeOfId,
} from './entity';

const AIR = {
  id: 'urn:ngsi-ld:AirQualityObserved:Kallio',
  type: 'AirQualityObserved',
  name: { type: 'LanguageProperty', languageMap: { fi: 'Kallio', sr: 'Калио' } },
  NO2: [
    {
      type: 'Property',
      value: 21,
      unitCode: 'GQ',
      observedAt: '2026-11-30T08:00:00Z',
      quality: { type: 'Property', value: 'uncertain' },
      qualityReason: { type: 'Property', value: 'stale' },
      precision: { type: 'Property', value: 2 },
    },
    {
      type: 'Property',
      value: 23,
      datasetId: 'urn:ngsi-ld:dataset:ref',
      observedAt: '2026-11-30T09:00:00Z',
    },
  ],
  refDevice: { type: 'Relationship', object: ['urn:ngsi-ld:Device:1', 'urn:ngsi-ld:Device:2'] },
  location: {
    type: 'GeoProperty',
    value: {
      type: 'LineString',
      coordinates: [
        [24, 60],
        [25, 61],
      ],
    },
  },
  createdAt: '2026-11-30T07:00:00Z',
};

test('an entity is read with its instances, units, times and its writer’s doubts', () => {
  const e = readEntity(AIR);
  const [first, second] = e.attrs.get('NO2')!;
  expect(first).toMatchObject({
    value: 21,
    unit: 'GQ',
    quality: 'uncertain',
    reason: 'stale',
    dataset: null,
  });
  expect(first!.more.map((m) => [m.name, m.instances[0]!.value])).toEqual([['precision', 2]]);
  expect(second).toMatchObject({ value: 23, dataset: 'urn:ngsi-ld:dataset:ref', quality: null });
  expect(newest(e)).toBe(Date.parse('2026-11-30T09:00:00Z'));
  expect(e.createdAt).toBe(Date.parse('2026-11-30T07:00:00Z'));
  expect(e.attrs.has('createdAt')).toBe(false);
});

test('a name is in the reader’s language, else the end of the id', () => {
  const e = readEntity(AIR);
  expect(nameOf(e, 'sr-Cyrl-RS')).toBe('Калио');
  expect(nameOf(e, 'en-GB')).toBe('Kallio');
  expect(nameOf(readEntity({ id: AIR.id, type: AIR.type }), 'en-GB')).toBe('Kallio');
  expect(shortId('https://example.org/x/1')).toBe('https://example.org/x/1');
  expect(shortName('https://smartdatamodels.org/dataModel.Environment/NO2')).toBe('NO2');
});

test('relationships lead somewhere only where the id says to which type', () => {
  const e = readEntity(AIR);
  expect(targets(e.attrs.get('refDevice')![0]!)).toEqual([
    'urn:ngsi-ld:Device:1',
    'urn:ngsi-ld:Device:2',
  ]);
  const list = instances({
    type: 'ListRelationship',
    objectList: [{ object: 'urn:a:1' }, { object: 'urn:a:2' }],
  });
  expect(targets(list[0]!)).toEqual(['urn:a:1', 'urn:a:2']);
  expect(typeOfId('urn:ngsi-ld:Device:1')).toBe('Device');
  expect(typeOfId('https://example.org/1')).toBeNull();
});

test('a place is any geometry, and has all of its positions', () => {
  expect(positions(place(readEntity(AIR))!.coordinates)).toEqual([
    [24, 60],
    [25, 61],
  ]);
  const other = {
    id: 'urn:a:1',
    type: 'A',
    spot: {
      type: 'GeoProperty',
      value: {
        type: 'Polygon',
        coordinates: [
          [
            [1, 2],
            [3, 4],
            [5, 6],
            [1, 2],
          ],
        ],
      },
    },
  };
  expect(positions(place(readEntity(other))!.coordinates)).toHaveLength(4);
  expect(
    place(readEntity({ id: 'urn:a:2', type: 'A', location: { type: 'Property', value: 'here' } })),
  ).toBeNull();
});

test('what is measured stands before what is only said', () => {
  const rows = [
    readEntity({
      ...AIR,
      lanes: { type: 'Property', value: 2 },
      note: { type: 'Property', value: 'x' },
    }),
  ];
  expect(ranked(['note', 'location', 'refDevice', 'lanes', 'name', 'NO2'], rows)).toEqual([
    'NO2',
    'lanes',
    'note',
    'refDevice',
    'location',
  ]);
});

test('what is no value is none: nothing is coloured by an object', () => {
  const one = (value: unknown) => plain(instances({ type: 'Property', value })[0]);
  expect([one(0), one('a'), one(false), one({ a: 1 }), one(null), one(['a', 'b'])]).toEqual([
    0,
    'a',
    false,
    null,
    null,
    'a, b',
  ]);
  expect(one({ '@type': 'DateTime', '@value': '2026-01-01T00:00:00Z' })).toBe(
    '2026-01-01T00:00:00Z',
  );
  expect(plain(undefined)).toBeNull();
});
