// A small town for the tests of the city's data, written through the API as a device does: points,
// areas and lines, an hour of history, instances by data set, values that nobody stands by.
import { CITY } from './browser.mjs';

const API = `${CITY}/ngsi-ld/v1`;
export const AIR = 'TownAir';
export const airId = (n) => `urn:ngsi-ld:${AIR}:${n}`;
export const AIRS = 30;
const STREETS = ['Kaivokatu', 'Mikonkatu', 'Simonkatu'];

/** One call; throws where the server refuses it. */
export async function api(method, path, body) {
  const answer = await fetch(`${API}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 || answer.status === 201 ? null : answer.json();
}
const iso = (ms) => new Date(ms).toISOString();
const said = (value) => ({ type: 'Property', value });
const read = (value, unitCode, at, more) => ({
  ...said(value),
  unitCode,
  observedAt: iso(at),
  ...more,
});
const point = (lon, lat) => ({
  type: 'GeoProperty',
  value: { type: 'Point', coordinates: [lon, lat] },
});

function air(n, at) {
  const doubt = { quality: said('bad'), qualityReason: said('frozen') };
  const level = read(20 + n, 'GQ', at, n === 3 ? doubt : {});
  const second = { ...read(7.5, 'GQ', at), datasetId: 'urn:ngsi-ld:dataset:reference' };
  return {
    id: airId(n),
    type: AIR,
    name: said(`${STREETS[n % 3]} ${n}`),
    NO2: level,
    PM10: n === 1 ? [read(8, 'GQ', at), second] : read(8 + n / 10, 'GQ', at),
    state: said(n % 5 ? 'on' : 'off'),
    refDevice: { type: 'Relationship', object: `urn:ngsi-ld:TownDevice:${n}` },
    location: point(24.94 + (n % 6) * 0.0015, 60.168 + Math.floor(n / 6) * 0.0012),
  };
}

/** Fills it, or fills it again; gives the moment of the newest reading. */
export async function town() {
  const at = Math.floor(Date.now() / 60_000) * 60_000;
  const square = [
    [24.945, 60.17],
    [24.9465, 60.17],
    [24.9465, 60.171],
    [24.945, 60.171],
    [24.945, 60.17],
  ];
  const all = Array.from({ length: AIRS }, (_, i) => air(i + 1, at));
  all.push(
    { id: 'urn:ngsi-ld:TownDevice:1', type: 'TownDevice', name: said('Sensor one') },
    {
      id: 'urn:ngsi-ld:TownGround:1',
      type: 'TownGround',
      name: said('Square'),
      free: read(12, 'C62', at),
      kind: said('area'),
      location: { type: 'GeoProperty', value: { type: 'Polygon', coordinates: [square] } },
    },
    {
      id: 'urn:ngsi-ld:TownGround:2',
      type: 'TownGround',
      name: said('Street'),
      free: read(3, 'C62', at),
      kind: said('line'),
      location: {
        type: 'GeoProperty',
        value: {
          type: 'LineString',
          coordinates: [
            [24.94, 60.171],
            [24.9465, 60.1725],
          ],
        },
      },
    },
  );
  await api('POST', '/entityOperations/upsert', all);
  // An hour, minute by minute, of the first one.
  const NO2 = Array.from({ length: 60 }, (_, m) =>
    read(10 + (m % 10), 'GQ', at - (60 - m) * 60_000),
  );
  await api('POST', '/temporal/entities', { id: airId(1), type: AIR, NO2 });
  return at;
}
export const entityPath = (id, type = AIR) => `/data/${type}/${encodeURIComponent(id)}`;

/** A subscription for the pages that show one; the same one each time. */
export const TOLD = 'urn:ngsi-ld:Subscription:TownPages';
export async function told() {
  await fetch(`${API}/subscriptions/${TOLD}`, { method: 'DELETE' });
  await api('POST', '/subscriptions', {
    id: TOLD,
    type: 'Subscription',
    subscriptionName: 'Air of the town',
    entities: [{ type: AIR }],
    watchedAttributes: ['NO2'],
    q: 'NO2>1000',
    throttling: 30,
    geoQ: { georel: 'near;maxDistance==800', geometry: 'Point', coordinates: [24.944, 60.17] },
    notification: { endpoint: { uri: 'http://localhost:9/nobody' } },
  });
}
