// The trunk of the log: one hash for each 256 entries, held against the checkpoint's root once.
// With it every entry bundle is checked by itself: a million entries are read in little memory.
import { same, text, type Bytes } from '../seal/bytes';
import {
  emptyRoot,
  entriesInBundle,
  leafHash,
  nodeHash,
  split,
  tilePath,
  type FetchTile,
} from './merkle';

/** Entries in a full bundle, and hashes in a full tile (C2SP tlog-tiles). */
export const WIDTH = 256;

/** The log's own files disagree with its signed head: named by what is wrong. */
export class LogWrong extends Error {
  readonly first: number;
  readonly last: number;
  constructor(first: number, last: number) {
    super(`entries ${first}–${last} do not belong under this head`);
    this.name = 'LogWrong';
    this.first = first;
    this.last = last;
  }
}

/** Merkle tree hash (RFC 6962 §2.1) over nodes of one height, the last of which may be lower. */
export async function over(nodes: Bytes[]): Promise<Bytes> {
  const [one] = nodes;
  if (!one) return emptyRoot();
  if (nodes.length === 1) return one;
  const k = split(nodes.length);
  const [l, r] = await Promise.all([over(nodes.slice(0, k)), over(nodes.slice(k))]);
  return nodeHash(l, r);
}

const cut = (hashes: Bytes): Bytes[] =>
  Array.from({ length: hashes.length / 32 }, (_, i) => hashes.slice(i * 32, i * 32 + 32));

export interface Leaf {
  index: number;
  /** Null where the bytes are not UTF-8. */
  json: string | null;
  hash: Bytes;
  raw: Bytes;
}

/** A log's writer may put any bytes in it: what is no text must not stop the reading. */
export function textOf(raw: Bytes): string | null {
  try {
    return text(raw);
  } catch {
    return null;
  }
}

export class Trunk {
  readonly size: number;
  readonly #full: Bytes[];
  readonly #tail: Bytes[];
  readonly #fetch: FetchTile;

  private constructor(size: number, full: Bytes[], tail: Bytes[], fetch: FetchTile) {
    this.size = size;
    this.#full = full;
    this.#tail = tail;
    this.#fetch = fetch;
  }

  /** Reads the trunk and refuses one whose root is not `root`. */
  static async read(size: number, root: Bytes, fetch: FetchTile): Promise<Trunk> {
    const count = Math.floor(size / WIDTH);
    const full: Bytes[] = [];
    for (let n = 0; n * WIDTH < count; n += 1) {
      const width = Math.min(WIDTH, count - n * WIDTH);
      full.push(...cut(await tile(tilePath(1, n, width), width, fetch)));
    }
    const rest = size - count * WIDTH;
    const tail = rest ? cut(await tile(tilePath(0, count, rest), rest, fetch)) : [];
    const top = await over(rest ? [...full, await over(tail)] : full);
    if (!same(top, root)) throw new LogWrong(0, Math.max(0, size - 1));
    return new Trunk(size, full, tail, fetch);
  }

  get bundles(): number {
    return Math.ceil(this.size / WIDTH);
  }

  /** The entries of one bundle, each hashed, all of them held against the trunk. */
  async bundle(n: number): Promise<Leaf[]> {
    const first = n * WIDTH;
    const width = Math.min(WIDTH, this.size - first);
    const wrong = () => new LogWrong(first, first + width - 1);
    const raw = entriesInBundle(await this.#fetch(tilePath('entries', n, width)), width);
    const hashes = await Promise.all(raw.map((r) => leafHash(r)));
    const whole = this.#full[n];
    const fits = whole
      ? same(await over(hashes), whole)
      : hashes.every((h, i) => same(h, this.#tail[i] ?? new Uint8Array()));
    if (!fits) throw wrong();
    return raw.map((r, i) => ({ index: first + i, json: textOf(r), hash: hashes[i]!, raw: r }));
  }
}

async function tile(path: string, width: number, fetch: FetchTile): Promise<Bytes> {
  const bytes = await fetch(path);
  if (bytes.length < width * 32) throw new Error(`tile ${path} is cut short`);
  return bytes.slice(0, width * 32);
}
