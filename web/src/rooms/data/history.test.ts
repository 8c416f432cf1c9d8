import { expect, test } from 'vitest';
import * as h from './history';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-30T12:34:56Z');

test('spans are from now back; dates that run backwards are none', () => {
  expect(h.windowOf('hour', NOW, null, null)).toEqual({ from: NOW - HOUR, to: NOW });
  expect(h.windowOf('own', NOW, 5, 3)).toBeNull();
  expect(h.windowOf('own', NOW, 3, 5)).toEqual({ from: 3, to: 5 });
});

test('periods leave at most two hundred points, and begin with the clock', () => {
  const long = (hours: number) => h.periodFor({ from: NOW - hours * HOUR, to: NOW });
  expect([long(1), long(24), long(7 * 24), long(30 * 24)]).toEqual([
    'PT1M',
    'PT15M',
    'PT1H',
    'PT6H',
  ]);
  for (const hours of [1, 24, 168, 720, 8760]) {
    expect((hours * HOUR) / h.millis(long(hours))).toBeLessThanOrEqual(200);
  }
  const q = h.periodQuery({ from: NOW - 24 * HOUR, to: NOW }, ['NO2'], 'PT1H');
  expect(q.get('timeAt')).toBe('2026-11-29T12:00:00.000Z');
  expect(q.get('aggrMethods')).toBe('avg,min,max');
});

const ANSWER = {
  id: 'urn:a:1',
  type: 'A',
  NO2: {
    type: 'Property',
    values: [
      [1, '2026-11-30T10:00:00Z'],
      ['x', '2026-11-30T10:30:00Z'],
      [2, '2026-11-30T11:00:00Z'],
    ],
  },
  PM10: [
    { type: 'Property', values: [[7, '2026-11-30T10:00:00Z']] },
    { type: 'Property', datasetId: 'urn:d:1', values: [[8, '2026-11-30T11:00:00Z']] },
  ],
};

test('lines are attributes by data set; what is no number is left out; rows have all times', () => {
  const lines = h.linesOf(ANSWER, null);
  expect(lines.map((l) => [l.attr, l.dataset, l.points.size])).toEqual([
    ['NO2', null, 2],
    ['PM10', null, 1],
    ['PM10', 'urn:d:1', 1],
  ]);
  const t = h.table(lines);
  expect(t.at.map((x) => new Date(x).getUTCHours())).toEqual([10, 11]);
  expect(t.values).toEqual([
    [1, 2],
    [7, null],
    [null, 8],
  ]);
});

test('aggregates are a line for each method, and tell how many there are', () => {
  const at = ['2026-11-30T10:00:00Z', '2026-11-30T11:00:00Z'];
  const answer = {
    id: 'urn:a:1',
    type: 'A',
    n: {
      type: 'Property',
      avg: [[1.5, ...at]],
      min: [[1, ...at]],
      max: [[2, ...at]],
      totalCount: [[740, ...at]],
    },
  };
  expect(h.linesOf(answer, h.METHODS).map((l) => [l.method, [...l.points.values()]])).toEqual([
    ['avg', [1.5]],
    ['min', [1]],
    ['max', [2]],
  ]);
  expect(h.mostIn(answer)).toBe(740);
  expect(h.mostIn({ id: 'x', type: 'A' })).toBe(0);
});

test('a file has what is shown, quoted where it must be', () => {
  const t = h.table(h.linesOf(ANSWER, null).slice(0, 1));
  expect(h.csv('urn:a:1', ['NO2, "raw"'], t)).toBe(
    [
      'entity,time,"NO2, ""raw"""',
      'urn:a:1,2026-11-30T10:00:00.000Z,1',
      'urn:a:1,2026-11-30T11:00:00.000Z,2',
      '',
    ].join('\r\n'),
  );
});
