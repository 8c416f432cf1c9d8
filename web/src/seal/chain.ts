// Checks a camera's chain: each record's signature by a known recorder key, its place, and that it
// carries the hash of the record before it. Names the first record that is wrong. Never decrypts.
import { hex, same, sha256, utf8, fromBase64, join, type Bytes } from './bytes';
import { Kind, readManifest, type SealRecord } from './record';

const CONTEXT = utf8('loggia/seal/v1 record\n');

export type BreakReason =
  | 'signature'
  | 'unknown_recorder'
  | 'order'
  | 'missing'
  | 'link'
  | 'camera'
  | 'span'
  | 'manifest';

/** The seal is broken: where, when and how. */
export class SealBroken extends Error {
  readonly reason: BreakReason;
  readonly camera: number;
  readonly seq: number;
  readonly at: number;
  constructor(reason: BreakReason, r: { camera: number; seq: number; begin: number }) {
    super(`seal broken: camera ${r.camera}, record ${r.seq}: ${reason}`);
    this.name = 'SealBroken';
    this.reason = reason;
    this.camera = r.camera;
    this.seq = r.seq;
    this.at = r.begin;
  }
}

export class RecorderKeys {
  readonly #keys = new Map<string, CryptoKey>();

  /** Public keys as the server gives them; a key that does not hash to its id is refused. */
  static async read(list: { key_id: string; public: string }[]): Promise<RecorderKeys> {
    const out = new RecorderKeys();
    for (const k of list) {
      const raw = fromBase64(k.public);
      const id = hex((await sha256(raw)).subarray(0, 8));
      if (id !== k.key_id.toLowerCase()) throw new Error(`recorder key ${k.key_id} does not match its id`);
      out.#keys.set(id, await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']));
    }
    return out;
  }
  find(id: Bytes): CryptoKey | undefined {
    return this.#keys.get(hex(id));
  }
}

export const chainHash = (r: SealRecord): Promise<Bytes> =>
  sha256(r.bytes.subarray(0, r.header.length + r.body.length));

/**
 * One camera's checked stretch. Records may come in several runs (a seek starts a new one); what is
 * already known of neighbouring records is compared as well, whichever run came first.
 */
export class ChainChecker {
  #hashes = new Map<number, Bytes>();
  #prevs = new Map<number, Bytes>();
  readonly #camera: number;
  readonly #keys: RecorderKeys;
  #expected: number | null = null;
  /** The span whose span-open this run has seen, and its pieces so far. */
  #open: { span: number; pieces: number[] } | null = null;
  #lastEnd = 0;
  checked = 0;

  constructor(camera: number, keys: RecorderKeys) {
    this.#camera = camera;
    this.#keys = keys;
  }

  /** A run of its own, which may begin anywhere, beside others; what is known is shared. */
  run(): ChainChecker {
    const out = new ChainChecker(this.#camera, this.#keys);
    [out.#hashes, out.#prevs] = [this.#hashes, this.#prevs];
    return out;
  }

  /** Checks the next record; returns its chain hash or throws SealBroken. */
  async check(r: SealRecord): Promise<Bytes> {
    if (r.camera !== this.#camera) throw new SealBroken('camera', r);
    if (this.#expected !== null && r.seq !== this.#expected) {
      if (r.seq < this.#expected) throw new SealBroken('order', r);
      throw new SealBroken('missing', { camera: r.camera, seq: this.#expected, begin: this.#lastEnd });
    }
    const key = this.#keys.find(r.recorder);
    if (!key) throw new SealBroken('unknown_recorder', r);
    const hash = await chainHash(r);
    const good = await crypto.subtle.verify('Ed25519', key, r.signature, join(CONTEXT, hash));
    if (!good) throw new SealBroken('signature', r);
    const before = this.#hashes.get(r.seq - 1);
    if (before && !same(before, r.prev)) throw new SealBroken('link', r);
    if (r.seq === 1 && r.prev.some((x) => x !== 0)) throw new SealBroken('link', r);
    const after = this.#prevs.get(r.seq + 1);
    if (after && !same(after, hash)) throw new SealBroken('link', r);
    this.#span(r);
    this.#hashes.set(r.seq, hash);
    this.#prevs.set(r.seq, r.prev.slice());
    this.#expected = r.seq + 1;
    this.#lastEnd = r.end;
    this.checked += 1;
    return hash;
  }

  /** Throws when the run ended before `lastSeq`. */
  finish(lastSeq: number): void {
    if (this.#expected !== null && this.#expected <= lastSeq) {
      throw new SealBroken('missing', { camera: this.#camera, seq: this.#expected, begin: this.#lastEnd });
    }
  }

  /** A piece or manifest names the open span; the manifest lists exactly the pieces that were seen. */
  #span(r: SealRecord): void {
    if (r.kind === Kind.SpanOpen) {
      if (this.#open && r.span <= this.#open.span) throw new SealBroken('span', r);
      this.#open = { span: r.span, pieces: [] };
      return;
    }
    if (r.kind === Kind.Gap) return;
    if (this.#open && r.span !== this.#open.span) throw new SealBroken('span', r);
    if (r.kind === Kind.Piece) {
      this.#open?.pieces.push(r.seq);
      return;
    }
    const listed = readManifest(r.body).pieces;
    for (const p of listed) {
      const known = this.#hashes.get(p.seq);
      if (known && !same(known, p.hash)) throw new SealBroken('manifest', { ...r, seq: p.seq });
    }
    const seen = this.#open?.pieces;
    if (seen && (seen.length !== listed.length || seen.some((seq, i) => listed[i]?.seq !== seq))) {
      throw new SealBroken('manifest', r);
    }
  }
}
