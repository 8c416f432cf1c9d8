// Merkle tree arithmetic of RFC 6962 / RFC 9162 and the tile layout of C2SP tlog-tiles. Sans I/O:
// the caller brings the tiles.
import { same, sha256, type Bytes } from '../seal/bytes';

export const leafHash = (entry: Uint8Array): Promise<Bytes> => sha256(Uint8Array.of(0), entry);
export const nodeHash = (l: Uint8Array, r: Uint8Array): Promise<Bytes> => sha256(Uint8Array.of(1), l, r);
export const emptyRoot = (): Promise<Bytes> => sha256(new Uint8Array());

/** Largest power of two smaller than n (n > 1). */
export function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Root after walking an inclusion proof (RFC 9162, 2.1.3.2); null when the proof cannot be right. */
export async function rootFromInclusion(
  index: number,
  size: number,
  leaf: Bytes,
  proof: Bytes[],
): Promise<Bytes | null> {
  if (index < 0 || index >= size) return null;
  let fn = index;
  let sn = size - 1;
  let r = leaf;
  for (const p of proof) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      r = await nodeHash(p, r);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      r = await nodeHash(r, p);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? r : null;
}

export async function checkInclusion(
  index: number,
  size: number,
  leaf: Bytes,
  proof: Bytes[],
  root: Bytes,
): Promise<boolean> {
  const got = await rootFromInclusion(index, size, leaf, proof);
  return got !== null && same(got, root);
}

/** RFC 9162, 2.1.4.2: the tree of `first` entries is a prefix of the tree of `second` entries. */
export async function checkConsistency(
  first: number,
  second: number,
  firstRoot: Bytes,
  secondRoot: Bytes,
  proof: Bytes[],
): Promise<boolean> {
  if (first > second || first < 0) return false;
  if (first === second) return proof.length === 0 && same(firstRoot, secondRoot);
  if (first === 0) return proof.length === 0;
  const path = [...proof];
  // A tree of a power of two is its own first node.
  if (Number.isInteger(Math.log2(first))) path.unshift(firstRoot);
  let fn = first - 1;
  let sn = second - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  const seed = path.shift();
  if (!seed) return false;
  let fr = seed;
  let sr = seed;
  for (const c of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = await nodeHash(c, fr);
      sr = await nodeHash(c, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      sr = await nodeHash(sr, c);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && same(fr, firstRoot) && same(sr, secondRoot);
}

/** Path of a tile below /log/tile/: `0/x001/234` or `entries/x001/234.p/17`. */
export function tilePath(level: number | 'entries', n: number, width: number): string {
  let rest = n;
  let name = String(rest % 1000).padStart(3, '0');
  for (rest = Math.floor(rest / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    name = `x${String(rest % 1000).padStart(3, '0')}/${name}`;
  }
  return `${level}/${name}${width < 256 ? `.p/${width}` : ''}`;
}

export type FetchTile = (path: string) => Promise<Bytes>;

/** The log at one size, read through tiles. */
export class TileTree {
  readonly size: number;
  readonly #fetch: FetchTile;
  readonly #tiles = new Map<string, Promise<Bytes>>();

  constructor(size: number, fetch: FetchTile) {
    this.size = size;
    this.#fetch = fetch;
  }

  #tile(level: number, n: number): Promise<Bytes> {
    const count = Math.floor(this.size / 256 ** level);
    const width = Math.min(256, count - n * 256);
    const path = tilePath(level, n, width);
    let t = this.#tiles.get(path);
    if (!t) {
      t = this.#fetch(path).then((b) => {
        if (b.length < width * 32) throw new Error(`tile ${path} is cut short`);
        return b;
      });
      this.#tiles.set(path, t);
    }
    return t;
  }

  /** Hash of the complete subtree of 2^height leaves that begins at leaf `index` × 2^height. */
  async node(height: number, index: number): Promise<Bytes> {
    const level = Math.floor(height / 8);
    const within = height % 8;
    const first = index * 2 ** within;
    const tile = await this.#tile(level, Math.floor(first / 256));
    let row: Bytes[] = [];
    for (let i = 0; i < 2 ** within; i += 1) {
      const at = ((first % 256) + i) * 32;
      row.push(tile.subarray(at, at + 32) as Bytes);
    }
    while (row.length > 1) {
      const up: Bytes[] = [];
      for (let i = 0; i < row.length; i += 2) up.push(await nodeHash(row[i]!, row[i + 1]!));
      row = up;
    }
    return row[0]!;
  }

  /** Merkle tree hash over leaves lo..hi. */
  async range(lo: number, hi: number): Promise<Bytes> {
    const n = hi - lo;
    const height = Math.log2(n);
    if (Number.isInteger(height) && lo % n === 0) return this.node(height, lo / n);
    const k = split(n);
    return nodeHash(await this.range(lo, lo + k), await this.range(lo + k, hi));
  }

  root(): Promise<Bytes> {
    return this.size === 0 ? emptyRoot() : this.range(0, this.size);
  }

  async inclusion(index: number, lo = 0, hi = this.size): Promise<Bytes[]> {
    if (hi - lo <= 1) return [];
    const k = split(hi - lo);
    return index < lo + k
      ? [...(await this.inclusion(index, lo, lo + k)), await this.range(lo + k, hi)]
      : [...(await this.inclusion(index, lo + k, hi)), await this.range(lo, lo + k)];
  }

  /** Root of the tree when it had `size` leaves. */
  rootAt(size: number): Promise<Bytes> {
    return size === 0 ? emptyRoot() : this.range(0, size);
  }

  /** Proof that the tree of `size` leaves continues the one of `first` (RFC 6962, 2.1.2). */
  consistency(first: number, size = this.size): Promise<Bytes[]> {
    if (first <= 0 || first >= size) return Promise.resolve([]);
    return this.#sub(first, 0, size, true);
  }

  async #sub(m: number, lo: number, hi: number, whole: boolean): Promise<Bytes[]> {
    const n = hi - lo;
    if (m === n) return whole ? [] : [await this.range(lo, hi)];
    const k = split(n);
    return m <= k
      ? [...(await this.#sub(m, lo, lo + k, whole)), await this.range(lo + k, hi)]
      : [...(await this.#sub(m - k, lo + k, hi, false)), await this.range(lo, lo + k)];
  }
}

/** The first `width` entries of an entry bundle: each is u16 length ‖ bytes (C2SP tlog-tiles). */
export function entriesInBundle(bundle: Bytes, width: number): Bytes[] {
  const out: Bytes[] = [];
  for (let at = 0; out.length < width; ) {
    if (at + 2 > bundle.length) throw new Error('the entry bundle is cut short');
    const length = (bundle[at]! << 8) | bundle[at + 1]!;
    if (at + 2 + length > bundle.length) throw new Error('the entry bundle is cut short');
    out.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return out;
}

/** One entry out of an entry bundle. */
export const entryInBundle = (bundle: Bytes, within: number): Bytes =>
  entriesInBundle(bundle, within + 1)[within]!;

/** On which side of the path each hash of an inclusion proof stands, from the leaf up. */
export function sides(index: number, size: number): ('left' | 'right')[] {
  const out: ('left' | 'right')[] = [];
  let fn = index;
  let sn = size - 1;
  while (sn > 0) {
    if (fn % 2 === 1 || fn === sn) {
      out.push('left');
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      out.push('right');
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return out;
}
