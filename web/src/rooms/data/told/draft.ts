// A subscription while somebody writes it: fields of a form, the JSON that is sent, and which field
// a refusal is about (clauses 5.2.12 to 5.2.15). Pure.
import type { Json } from '../../../api/ngsi';
import { isObject } from '../entity';

export type Area = 'none' | 'near' | 'within';
export interface Draft {
  name: string;
  type: string;
  attrs: string[];
  q: string;
  area: Area;
  lat: string;
  lon: string;
  metres: string;
  /** Corners: longitude and latitude, one a line. */
  corners: string;
  uri: string;
  accept: string;
  format: string;
  told: string[];
  throttling: string;
  /** As a date field has it, local time. */
  expires: string;
}
export const ACCEPTS = ['application/json', 'application/ld+json', 'application/geo+json'] as const;
export const FORMATS = ['normalized', 'concise', 'keyValues'] as const;
export type Field = keyof Draft;

export const empty = (type = ''): Draft => ({
  name: '',
  type,
  attrs: [],
  q: '',
  area: 'none',
  lat: '',
  lon: '',
  metres: '500',
  corners: '',
  uri: '',
  accept: ACCEPTS[0],
  format: FORMATS[0],
  told: [],
  throttling: '',
  expires: '',
});

/** Numbers that a line holds, whatever stands between them. */
const numbers = (line: string): number[] => (line.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
export const corners = (text: string): [number, number][] =>
  text
    .split('\n')
    .map(numbers)
    .filter((n) => n.length === 2)
    .map(([lon, lat]) => [lon!, lat!]);
/** A ring as GeoJSON has it: it ends where it begins. */
export function ring(text: string): [number, number][] {
  const all = corners(text);
  const [first, last] = [all[0], all.at(-1)];
  const closed = first && last && all.length > 1 && first[0] === last[0] && first[1] === last[1];
  return first && !closed ? [...all, first] : all;
}

/** The words of what is wrong with a field, before anything is sent. */
export type Wrong = Partial<Record<Field, string>>;
export function check(d: Draft): Wrong {
  const wrong: Wrong = {};
  if (!d.type) wrong.type = 'sub.need.type';
  if (!d.uri.trim()) wrong.uri = 'sub.need.uri';
  if (d.area === 'near') {
    if (!placed(d.lat, 90)) wrong.lat = 'sub.need.lat';
    if (!placed(d.lon, 180)) wrong.lon = 'sub.need.lon';
    if (!(Number(d.metres) > 0)) wrong.metres = 'sub.need.metres';
  }
  if (d.area === 'within') {
    const lines = d.corners.split('\n').filter((l) => l.trim());
    const read = corners(d.corners);
    if (read.length < 3 || read.length < lines.length) wrong.corners = 'sub.need.corners';
  }
  if (d.throttling.trim() && !(Number(d.throttling) > 0)) wrong.throttling = 'sub.need.throttling';
  if (d.expires && Number.isNaN(Date.parse(d.expires))) wrong.expires = 'sub.need.expires';
  return wrong;
}
const placed = (text: string, most: number): boolean =>
  text.trim() !== '' && Math.abs(Number(text)) <= most;

/** The area as the API's parameters of a query, and as `geoQ`. */
export function geoQ(d: Draft): Json | null {
  if (d.area === 'near' && placed(d.lat, 90) && placed(d.lon, 180) && Number(d.metres) > 0) {
    const coordinates = [Number(d.lon), Number(d.lat)];
    return { georel: `near;maxDistance==${Number(d.metres)}`, geometry: 'Point', coordinates };
  }
  if (d.area === 'within' && corners(d.corners).length >= 3) {
    return { georel: 'within', geometry: 'Polygon', coordinates: [ring(d.corners)] };
  }
  return null;
}

/** What is sent. `changing` names members that are to go, as a fragment has to. */
export function body(d: Draft, changing: boolean): Json {
  const gone = changing ? null : undefined;
  const set = <T>(there: boolean, value: T): T | null | undefined => (there ? value : gone);
  const all: Json = {
    type: 'Subscription',
    subscriptionName: set(d.name.trim() !== '', d.name.trim()),
    entities: [{ type: d.type }],
    watchedAttributes: set(d.attrs.length > 0, d.attrs),
    q: set(d.q.trim() !== '', d.q.trim()),
    geoQ: geoQ(d) ?? gone,
    throttling: set(d.throttling.trim() !== '', Number(d.throttling)),
    expiresAt: set(d.expires !== '', d.expires && new Date(d.expires).toISOString()),
    notification: {
      ...(d.told.length && { attributes: d.told }),
      format: d.format,
      endpoint: { uri: d.uri.trim(), accept: d.accept },
    },
  };
  return Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined));
}

/** Members that this form has no field for and would take away: a change replaces `entities`,
 *  `geoQ` and `notification` whole. */
export function beyond(json: Json): string[] {
  const more: string[] = [];
  const entities = json['entities'];
  const first: unknown = Array.isArray(entities) ? entities[0] : undefined;
  const one = Array.isArray(entities) && entities.length === 1;
  if (!one || !isObject(first) || 'id' in first || 'idPattern' in first) more.push('entities');
  const n = isObject(json['notification']) ? json['notification'] : {};
  for (const k of ['pick', 'omit', 'showChanges', 'join', 'joinLevel', 'sysAttrs'])
    if (k in n) more.push(k);
  const e = isObject(n['endpoint']) ? n['endpoint'] : {};
  for (const k of ['receiverInfo', 'notifierInfo', 'timeout', 'cooldown']) if (k in e) more.push(k);
  if (isObject(json['geoQ']) && !areaOf(json['geoQ'])) more.push('geoQ');
  return more;
}

function areaOf(geo: Json): Partial<Draft> | null {
  const georel = String(geo['georel'] ?? '');
  const near = /^near;maxDistance==(\d+(?:\.\d+)?)$/.exec(georel);
  const at = geo['coordinates'];
  if ('geoproperty' in geo || !Array.isArray(at)) return null;
  if (near && geo['geometry'] === 'Point') {
    return { area: 'near', metres: near[1]!, lon: String(at[0]), lat: String(at[1]) };
  }
  const outer: unknown = at[0];
  if (
    georel === 'within' &&
    geo['geometry'] === 'Polygon' &&
    at.length === 1 &&
    Array.isArray(outer)
  ) {
    const lines = (outer as unknown[]).slice(0, -1).map((p) => (p as number[]).join(', '));
    return { area: 'within', corners: lines.join('\n') };
  }
  return null;
}

const text = (v: unknown): string => (typeof v === 'string' ? v : '');
const texts = (v: unknown): string[] =>
  Array.isArray(v) ? v.filter((x) => typeof x === 'string') : [];
/** Local time, as a date field wants it. */
export function local(iso: string): string {
  const t = new Date(iso);
  if (!iso || Number.isNaN(t.getTime())) return '';
  return new Date(t.getTime() - t.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
export function of(json: Json): Draft {
  const n = isObject(json['notification']) ? json['notification'] : {};
  const e = isObject(n['endpoint']) ? n['endpoint'] : {};
  const entities = json['entities'];
  const first: unknown = Array.isArray(entities) ? entities[0] : undefined;
  return {
    ...empty(isObject(first) ? text(first['type']) : ''),
    name: text(json['subscriptionName']),
    attrs: texts(json['watchedAttributes']),
    q: text(json['q']),
    ...(isObject(json['geoQ']) ? areaOf(json['geoQ']) : null),
    uri: text(e['uri']),
    accept: text(e['accept']) || ACCEPTS[0],
    format: text(n['format']).replace('simplified', 'keyValues') || FORMATS[0],
    told: texts(n['attributes']),
    throttling: typeof json['throttling'] === 'number' ? String(json['throttling']) : '',
    expires: local(text(json['expiresAt'])),
  };
}

/** The field that a refusal of the server names at its beginning, if it names one. */
const PLACES: [RegExp, Field][] = [
  [/^entities|^type\b/, 'type'],
  [/^watchedAttributes/, 'attrs'],
  [/^q\b/, 'q'],
  [/^geoQ|^georel|^geometry|^coordinates/, 'area'],
  [/^notification\.endpoint\.accept/, 'accept'],
  [/^notification\.endpoint/, 'uri'],
  [/^notification\.format/, 'format'],
  [/^notification\.attributes/, 'told'],
  [/^throttling/, 'throttling'],
  [/^expiresAt/, 'expires'],
  [/^subscriptionName/, 'name'],
];
export const fieldOf = (detail: string): Field | null =>
  PLACES.find(([pattern]) => pattern.test(detail))?.[1] ?? null;

/** What finds the entities that it is about, as they are now. */
export function matching(d: Draft): URLSearchParams {
  const p = new URLSearchParams({ type: d.type, local: 'true' });
  if (d.q.trim()) p.set('q', d.q.trim());
  const geo = geoQ(d);
  if (geo) {
    p.set('georel', String(geo['georel']));
    p.set('geometry', String(geo['geometry']));
    p.set('coordinates', JSON.stringify(geo['coordinates']));
  }
  return p;
}
/** The same in the form of its notifications, one entity. */
export function sample(d: Draft): URLSearchParams {
  const p = matching(d);
  p.set('limit', '1');
  if (d.format !== 'normalized') p.set('options', d.format);
  // An entity is not told of in another form because it has none of them: `pick` alone would pass
  // it over, but then there is nothing to be told.
  if (d.told.length) p.set('pick', ['id', 'type', ...d.told].join(','));
  return p;
}
