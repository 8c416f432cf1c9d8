// An entity as the broker writes it (normalized, clauses 4.5.1 to 4.5.3), read once into what the
// pages show. Pure.
import type { Json } from '../../api/ngsi';

export type Quality = 'good' | 'uncertain' | 'bad';
/** One instance of an attribute. */
export interface Instance {
  kind: string;
  value: unknown;
  unit: string | null;
  /** When it was so, milliseconds. */
  at: number | null;
  dataset: string | null;
  quality: Quality | null;
  /** Why it is not good, as the writer says. */
  reason: string | null;
  /** Attributes of the attribute, but for what is above. */
  more: { name: string; instances: Instance[] }[];
}
export interface Entity {
  id: string;
  types: string[];
  attrs: Map<string, Instance[]>;
  createdAt: number | null;
  modifiedAt: number | null;
}

/** Where each kind of attribute has its value. */
const HOLDS: Record<string, string> = {
  Property: 'value',
  GeoProperty: 'value',
  Relationship: 'object',
  LanguageProperty: 'languageMap',
  VocabProperty: 'vocab',
  JsonProperty: 'json',
  ListProperty: 'valueList',
  ListRelationship: 'objectList',
};
const OWN = new Set([
  'type',
  'unitCode',
  'observedAt',
  'datasetId',
  'createdAt',
  'modifiedAt',
  'valueType',
  'instanceId',
  'quality',
  'qualityReason',
  'objectType',
  'entity',
  'entityList',
  ...Object.values(HOLDS),
]);

export const isObject = (v: unknown): v is Json =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const text = (v: unknown): string | null => (typeof v === 'string' ? v : null);
export const time = (v: unknown): number | null => {
  const t = typeof v === 'string' ? Date.parse(v) : NaN;
  return Number.isNaN(t) ? null : t;
};
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : [v]);

function quality(v: unknown): Quality | null {
  const word = text(isObject(v) ? (v['value'] ?? v['vocab']) : v)?.toLowerCase();
  return word === 'good' || word === 'uncertain' || word === 'bad' ? word : null;
}

export function instance(json: unknown): Instance | null {
  if (!isObject(json)) return null;
  const kind = text(json['type']) ?? 'Property';
  const reason = json['qualityReason'];
  return {
    kind,
    value: json[HOLDS[kind] ?? 'value'],
    unit: text(json['unitCode']),
    at: time(json['observedAt']),
    dataset: text(json['datasetId']),
    quality: quality(json['quality']),
    reason: text(isObject(reason) ? (reason['value'] ?? reason['vocab']) : reason),
    more: Object.entries(json)
      .filter(([name]) => !OWN.has(name))
      .map(([name, v]) => ({ name, instances: instances(v) }))
      .filter((m) => m.instances.length),
  };
}
export const instances = (json: unknown): Instance[] =>
  list(json)
    .map(instance)
    .filter((i): i is Instance => i !== null);

const HEAD = new Set(['id', 'type', '@context', 'createdAt', 'modifiedAt', 'expiresAt', 'scope']);
export function readEntity(json: Json): Entity {
  const attrs = new Map<string, Instance[]>();
  for (const [name, v] of Object.entries(json)) {
    const all = HEAD.has(name) ? [] : instances(v);
    if (all.length) attrs.set(name, all);
  }
  return {
    id: String(json['id']),
    types: list(json['type']).map(String),
    attrs,
    createdAt: time(json['createdAt']),
    modifiedAt: time(json['modifiedAt']),
  };
}

/** What people call it: its name, in the language where it has one; else the end of its id. */
export function nameOf(e: Entity, locale: string): string {
  for (const key of ['name', 'title', 'alternateName']) {
    const i = e.attrs.get(key)?.[0];
    const v = i?.kind === 'LanguageProperty' ? inLanguage(i.value, locale) : i?.value;
    if (typeof v === 'string' && v.trim()) return v;
  }
  return shortId(e.id, e.types);
}
/** An id without what every id of its type begins with. */
export function shortId(id: string, types: string[] = []): string {
  const bare = id.replace(/^urn:ngsi-ld:/, '');
  const type = types.map(shortName).find((t) => bare.startsWith(`${t}:`));
  return type ? bare.slice(type.length + 1) : bare;
}
/** The last word of a name that is a whole IRI. */
export const shortName = (name: string): string =>
  /^[a-z][a-z0-9+.-]*:/i.test(name) ? (name.split(/[/#:]/).filter(Boolean).at(-1) ?? name) : name;

export function inLanguage(map: unknown, locale: string): unknown {
  if (!isObject(map)) return map;
  const short = locale.split('-')[0]!;
  return map[locale] ?? map[short] ?? map['@none'] ?? map['en'] ?? Object.values(map)[0];
}

/** The newest time that any of its attributes has. */
export function newest(e: Entity): number | null {
  let at: number | null = null;
  for (const all of e.attrs.values()) {
    for (const i of all) if (i.at !== null && (at === null || i.at > at)) at = i.at;
  }
  return at;
}
/** What a value is compared and coloured by. */
export function plain(i: Instance | undefined): number | string | boolean | null {
  const v = isObject(i?.value) && '@value' in i.value ? i.value['@value'] : i?.value;
  if (typeof v === 'number' || typeof v === 'string' || typeof v === 'boolean') return v;
  if (Array.isArray(v) && v.length && v.every((x) => typeof x === 'string')) return v.join(', ');
  return null;
}
/** Ids that a relationship leads to. */
export function targets(i: Instance): string[] {
  return list(i.value)
    .map((v) => (isObject(v) ? v['object'] : v))
    .filter((v): v is string => typeof v === 'string');
}
/** The type's name as an id has it by custom: `urn:ngsi-ld:Device:7` is a Device. */
export const typeOfId = (id: string): string | null =>
  /^urn:ngsi-ld:([^:]+):./.exec(id)?.[1] ?? null;

export interface Geometry {
  type: string;
  coordinates: unknown;
}
/** Its place: `location`, or the first attribute that is one. */
export function place(e: Entity): Geometry | null {
  const named = e.attrs.get('location')?.[0];
  const any = named ?? [...e.attrs.values()].flat().find((i) => i.kind === 'GeoProperty');
  const v = any?.kind === 'GeoProperty' ? any.value : null;
  return isObject(v) && typeof v['type'] === 'string' && 'coordinates' in v
    ? { type: v['type'], coordinates: v['coordinates'] }
    : null;
}
/** All positions of a geometry. */
export function positions(coordinates: unknown): [number, number][] {
  if (!Array.isArray(coordinates)) return [];
  if (typeof coordinates[0] === 'number') return [[coordinates[0], Number(coordinates[1])]];
  return coordinates.flatMap(positions);
}

/** Attributes of a page of entities, those that people look at first in front: measured numbers,
 *  other numbers, words; without the name, which has a column of its own. */
export function ranked(names: string[], rows: Entity[]): string[] {
  const rank = (name: string): number => {
    const some = rows.map((e) => e.attrs.get(name)?.[0]).filter((i) => i !== undefined);
    const i = some[0];
    if (!i || i.kind === 'GeoProperty') return 9;
    if (some.some((s) => typeof s.value === 'number')) return i.unit || i.at ? 0 : 1;
    if (i.kind === 'Relationship' || i.kind === 'ListRelationship') return 4;
    return typeof i.value === 'object' && !Array.isArray(i.value) ? 5 : 2;
  };
  return names
    .filter((n) => n !== 'name')
    .map((name) => ({ name, r: rank(name) }))
    .sort((a, b) => a.r - b.r)
    .map((x) => x.name);
}
