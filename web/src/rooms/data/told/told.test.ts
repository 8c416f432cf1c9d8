import { expect, test } from 'vitest';
import { read, write } from './conditions';
import * as draft from './draft';
import { readTold } from './told';

test('rows and query are one text, there and back', () => {
  const rows = [
    { attr: 'NO2', operator: '>', value: '40' },
    { attr: 'status', operator: '==', value: 'open; or "not"' },
    { attr: 'ok', operator: '!=', value: 'true' },
  ] as const;
  const q = write([...rows]);
  expect(q).toBe('NO2>40;status=="open; or \\"not\\"";ok!=true');
  expect(read(q)).toEqual(rows);
  expect(read('')).toEqual([]);
});

test('what is more than rows can say stays as it was written', () => {
  for (const q of [
    'a>1|b>2',
    'a',
    'a==1..3',
    'name~="x"',
    '(a>1)',
    'a==1,2',
    'a==2026-01-01',
    'a=="40"',
  ]) {
    expect(read(q), q).toBeNull();
  }
  expect(write([{ attr: 'a', operator: '>', value: ' ' }])).toBe('');
});

const full = (): draft.Draft => ({
  ...draft.empty('Bin'),
  name: 'Full bins',
  attrs: ['level'],
  q: 'level>0.8',
  area: 'near',
  lat: '60.17',
  lon: '24.94',
  uri: 'https://x.example/in',
  format: 'keyValues',
  told: ['level'],
  throttling: '60',
});

test('a form is sent as it reads, and read again as it was', () => {
  const d = full();
  const json = draft.body(d, false);
  expect(json).toMatchObject({
    type: 'Subscription',
    subscriptionName: 'Full bins',
    entities: [{ type: 'Bin' }],
    watchedAttributes: ['level'],
    q: 'level>0.8',
    geoQ: { georel: 'near;maxDistance==500', geometry: 'Point', coordinates: [24.94, 60.17] },
    throttling: 60,
    notification: {
      attributes: ['level'],
      format: 'keyValues',
      endpoint: { uri: 'https://x.example/in', accept: 'application/json' },
    },
  });
  expect('expiresAt' in json).toBe(false);
  expect(draft.of(json)).toEqual(d);
  const area = {
    ...full(),
    area: 'within' as const,
    lat: '',
    lon: '',
    corners: '24.9, 60.1\n24.95, 60.1\n24.95, 60.2',
  };
  expect(draft.of(draft.body(area, false))).toEqual({ ...area, metres: '500' });
});

test('a change takes away what is not said any more', () => {
  expect(draft.body({ ...draft.empty('Bin'), uri: 'https://x.example' }, true)).toMatchObject({
    subscriptionName: null,
    watchedAttributes: null,
    q: null,
    geoQ: null,
    throttling: null,
    expiresAt: null,
  });
});

test('what cannot be right is said at its field before it is sent', () => {
  expect(draft.check(full())).toEqual({});
  const bad = { ...full(), type: '', uri: ' ', lat: '91', lon: '', metres: '0', throttling: '-1' };
  expect(Object.keys(draft.check(bad)).sort()).toEqual([
    'lat',
    'lon',
    'metres',
    'throttling',
    'type',
    'uri',
  ]);
  const area = (corners: string) => draft.check({ ...full(), area: 'within', corners });
  expect(area('1, 2\n3, 4')).toHaveProperty('corners');
  expect(area('1, 2\n3, 4\nhere\n5, 6')).toHaveProperty('corners');
  expect(area('1, 2\n3, 4\n5, 6\n')).toEqual({});
});

test('a ring ends where it begins, once', () => {
  expect(draft.ring('1, 2\n3 4\n5;6')).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
    [1, 2],
  ]);
  expect(draft.ring('1, 2\n3, 4\n5, 6\n1, 2')).toHaveLength(4);
});

test('a refusal goes to the field that it names', () => {
  expect(
    draft.fieldOf('notification.endpoint.uri: an address that begins with http is needed'),
  ).toBe('uri');
  expect(draft.fieldOf('q, character 3: expected a number')).toBe('q');
  expect(draft.fieldOf('throttling: a number of seconds above 0 is needed')).toBe('throttling');
  expect(draft.fieldOf('expiresAt: that has passed')).toBe('expires');
  expect(draft.fieldOf('geoQ.coordinates: not a ring')).toBe('area');
  expect(draft.fieldOf('something else')).toBeNull();
});

test('a subscription that says more than the form is not changed by it', () => {
  expect(draft.beyond(draft.body(full(), false))).toEqual([]);
  const json = draft.body(full(), false);
  expect(draft.beyond({ ...json, entities: [{ type: 'A', idPattern: 'x' }] })).toContain(
    'entities',
  );
  expect(
    draft.beyond({ ...json, geoQ: { georel: 'disjoint', geometry: 'Point', coordinates: [1, 2] } }),
  ).toContain('geoQ');
  expect(
    draft
      .beyond({ ...json, notification: { endpoint: { uri: 'x', receiverInfo: [] }, join: 'flat' } })
      .sort(),
  ).toEqual(['join', 'receiverInfo']);
  // What a change leaves alone is no matter.
  expect(draft.beyond({ ...json, scopeQ: '/a' })).toEqual([]);
});

test('how a subscription goes is said in one word', () => {
  const of = (more: object) =>
    readTold({
      id: 'urn:ngsi-ld:Subscription:1',
      notification: { endpoint: { uri: 'http://x' } },
      ...more,
    }).state;
  expect([
    of({ status: 'active' }),
    of({ status: 'paused' }),
    of({ isActive: false }),
    of({ status: 'expired' }),
  ]).toEqual(['active', 'paused', 'paused', 'expired']);
  expect(
    of({ status: 'active', notification: { status: 'failed', endpoint: { uri: 'http://x' } } }),
  ).toBe('failing');
});
