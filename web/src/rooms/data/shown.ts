// Values, ages and names in the reader's words.
import { say, words } from '../../words/index.svelte';
import { inLanguage, isObject, shortId, shortName, targets, type Instance } from './entity';
import { unitSymbol } from './units';

/** Digits behind the point that still say something. */
const digits = (n: number): number => {
  const size = Math.abs(n);
  return size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
};
export const numberText = (n: number): string => words.number(n, digits(n));
/** How many digits a column of numbers has behind the point, so that the points stand in a line. */
export function places(values: number[]): number {
  const most = Math.min(4, ...values.filter((v) => v !== 0).map(digits));
  const has = (v: number) => (String(Number(v.toFixed(most))).split('.')[1] ?? '').length;
  return values.length ? Math.max(0, ...values.map(has)) : 0;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
/** The longest text of a value in a line; the page of the entity has it whole. */
const LINE_MOST = 120;

export function valueText(i: Instance, decimals?: number): string {
  if (decimals !== undefined && typeof i.value === 'number')
    return words.number(i.value, decimals, decimals);
  let v: unknown = isObject(i.value) && '@value' in i.value ? i.value['@value'] : i.value;
  if (i.kind === 'LanguageProperty') v = inLanguage(v, words.locale);
  if (i.kind === 'Relationship' || i.kind === 'ListRelationship') {
    return targets(i)
      .map((id) => shortId(id))
      .join(', ');
  }
  if (i.kind === 'GeoProperty' && isObject(v)) return words.known('dat.geo', String(v['type']));
  if (i.kind === 'VocabProperty' && typeof v === 'string') return shortName(v);
  return anyText(v);
}
function anyText(v: unknown): string {
  if (typeof v === 'number') return numberText(v);
  if (typeof v === 'boolean') return say(v ? 'dat.yes' : 'dat.no');
  if (typeof v === 'string')
    return TIME.test(v) && Date.parse(v) ? words.dateTime(Date.parse(v) * 1000) : v;
  if (Array.isArray(v) && v.every((x) => typeof x !== 'object')) return v.map(anyText).join(', ');
  const text = v === undefined ? '' : JSON.stringify(v);
  return text.length > LINE_MOST ? `${text.slice(0, LINE_MOST)}…` : text;
}
/** The unit, kept to its number. */
export const unitText = (i: Instance): string => {
  const unit = unitSymbol(i.unit);
  return unit && `\u00a0${unit}`;
};

/** How long ago, in the largest unit that tells it. */
export function ageText(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const of = (n: number, word: 'unit.s' | 'unit.min' | 'unit.h') =>
    `${words.number(n)}\u00a0${say(word)}`;
  if (s < 60) return of(s, 'unit.s');
  if (s < 3600) return of(Math.floor(s / 60), 'unit.min');
  if (s < 48 * 3600) return of(Math.floor(s / 3600), 'unit.h');
  return say('unit.days', { n: Math.floor(s / 86_400) });
}

/** A type's or attribute's name as people read it: `availableSpotNumber` is three words. */
export function title(name: string): string {
  const short = shortName(name);
  const apart = short.replace(/([a-z\d])([A-Z])/g, '$1 $2').replace(/_/g, ' ');
  return apart[0] ? apart[0].toUpperCase() + apart.slice(1) : apart;
}
