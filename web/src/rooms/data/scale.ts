// How a map is coloured by an attribute: numbers in even steps with round bounds, words by how
// often they are. Pure; colours themselves are in tokens.css.

/** Classes of numbers, and colours of them; words beyond are "other". */
export const CLASSES_MOST = 6;

export type Scale =
  | { kind: 'numbers'; bounds: number[]; digits: number }
  | { kind: 'words'; words: string[]; others: boolean }
  | { kind: 'none' };

/** The round step that cuts a range into at most five. */
export function step(range: number): number {
  const rough = range / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const times = [1, 2, 2.5, 5, 10].find((t) => t * power >= rough * (1 - 1e-9)) ?? 10;
  return times * power;
}

type Plain = number | string | boolean | null;
export function scaleOf(values: Plain[]): Scale {
  const numbers = values.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
  if (numbers.length && numbers.length >= values.filter((v) => v !== null).length / 2) {
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
    if (least === most) return { kind: 'numbers', bounds: [least, most], digits: 2 };
    const by = step(most - least);
    const first = Math.floor(least / by + 1e-9);
    const count = Math.max(1, Math.ceil(most / by - 1e-9) - first);
    const digits = Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(by))));
    const bounds = Array.from({ length: count + 1 }, (_, i) =>
      Number(((first + i) * by).toPrecision(12)),
    );
    return { kind: 'numbers', bounds, digits };
  }
  const often = new Map<string, number>();
  for (const v of values) if (v !== null) often.set(String(v), (often.get(String(v)) ?? 0) + 1);
  if (!often.size) return { kind: 'none' };
  const words = [...often].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([w]) => w);
  const others = words.length > CLASSES_MOST;
  return { kind: 'words', words: words.slice(0, others ? CLASSES_MOST - 1 : CLASSES_MOST), others };
}

/** Which class a value is in, from 0; -1 where it has none. */
export function classOf(scale: Scale, v: Plain): number {
  if (v === null || scale.kind === 'none') return -1;
  if (scale.kind === 'words') {
    const at = scale.words.indexOf(String(v));
    return at >= 0 ? at : scale.words.length;
  }
  if (typeof v !== 'number') return -1;
  const last = scale.bounds.length - 2;
  for (let i = last; i > 0; i -= 1) if (v >= scale.bounds[i]!) return i;
  return 0;
}
/** The colour's place in a ramp of six: few classes are spread over all of it. */
export const tone = (scale: Scale, at: number): number => {
  if (scale.kind !== 'numbers') return at;
  const classes = scale.bounds.length - 1;
  return classes <= 1 ? 3 : Math.round((at * (CLASSES_MOST - 1)) / (classes - 1));
};
/** The custom property that has the colour of a class. */
export function colourOf(scale: Scale, at: number): string {
  if (at < 0) return '--data-none';
  const place = tone(scale, Math.min(at, CLASSES_MOST - 1)) + 1;
  return `${scale.kind === 'numbers' ? '--seq-' : '--cat-'}${place}`;
}
