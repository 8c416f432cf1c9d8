// Names of streets, squares and parks, for finding a place in words: read from the city's own base
// map, once, when somebody first looks for one. Never asks another machine.
import { fold } from '../../../words/fold';
import { bearing, type Spot } from './sees';

export interface Named extends Spot {
  name: string;
}
interface Feature {
  properties: { name?: string; layer?: string };
  geometry: { type: string; coordinates: unknown };
}
const LAYERS = new Set(['roads', 'green', 'buildings', 'water']);

function points(x: unknown, out: Spot[] = []): Spot[] {
  if (!Array.isArray(x)) return out;
  if (typeof x[0] === 'number' && typeof x[1] === 'number') out.push({ lon: x[0], lat: x[1] });
  else for (const y of x) points(y, out);
  return out;
}

/** One place for each name: the point of it that lies nearest to its middle. */
export function named(features: readonly Feature[]): Named[] {
  const all = new Map<string, Spot[]>();
  for (const f of features) {
    const { name, layer } = f.properties;
    if (!name || !LAYERS.has(layer ?? '')) continue;
    all.set(name, points(f.geometry.coordinates, all.get(name)));
  }
  return [...all]
    .filter(([, of]) => of.length)
    .map(([name, of]) => ({ name, ...middle(of) }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

function middle(of: readonly Spot[]): Spot {
  const mean = {
    lat: of.reduce((n, p) => n + p.lat, 0) / of.length,
    lon: of.reduce((n, p) => n + p.lon, 0) / of.length,
  };
  const far = (p: Spot) => bearing(p, mean).metres;
  return of.reduce((a, b) => (far(b) < far(a) ? b : a));
}

/** Where two streets meet, by their nearest corners; null where they stay 40 m apart. */
export function corner(a: readonly Spot[], b: readonly Spot[]): Spot | null {
  let best: { at: Spot; metres: number } | null = null;
  for (const p of a) {
    for (const q of b) {
      const { metres } = bearing(p, q);
      if (!best || metres < best.metres) best = { at: p, metres };
    }
  }
  return best && best.metres <= 40 ? best.at : null;
}

/** One place in words, or two streets for their corner. */
const parted = (text: string): string[] =>
  fold(text.trim()).split(/\s*[,/&+]\s*/).filter(Boolean);

/** Whether a camera's name and place hold everything that is asked for: both streets of a corner. */
export function namesAll(name: string, asked: string): boolean {
  const folded = fold(name);
  return parted(asked).every((p) => folded.includes(p));
}

export class Spots {
  readonly all: Named[];
  readonly #features: readonly Feature[];
  constructor(features: readonly Feature[]) {
    this.#features = features;
    this.all = named(features);
  }
  static async load(): Promise<Spots> {
    const res = await fetch('/basemap/basemap.geojson');
    if (!res.ok) return new Spots([]);
    return new Spots(((await res.json()) as { features: Feature[] }).features);
  }
  /** Places by name; "one street, another" finds their corner. */
  find(text: string, most = 6): Named[] {
    const asked = fold(text.trim());
    if (asked.length < 2) return [];
    const [one, other] = parted(text);
    if (one && other) {
      const [a, b] = [this.#named(one), this.#named(other)];
      const at = a && b && a !== b ? corner(this.#points(a), this.#points(b)) : null;
      return at ? [{ name: `${a}, ${b}`, ...at }] : [];
    }
    const begins = (n: Named) => (fold(n.name).startsWith(asked) ? 0 : 1);
    return this.all
      .filter((n) => fold(n.name).includes(asked))
      .toSorted((a, b) => begins(a) - begins(b))
      .slice(0, most);
  }
  #named(text: string): string | undefined {
    const found = this.all.filter((n) => fold(n.name).startsWith(text));
    return (found.find((n) => fold(n.name) === text) ?? found[0])?.name;
  }
  #points(name: string | undefined): Spot[] {
    return this.#features
      .filter((f) => f.properties.name === name)
      .flatMap((f) => points(f.geometry.coordinates));
  }
}
