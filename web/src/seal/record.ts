// One record of the sealed format v1 (docs/design/seal.md): header 96 ‖ body ‖ signature 64,
// big-endian. Reads untrusted bytes; never decrypts.
import { text, view, type Bytes } from './bytes';

export const HEADER = 96;
export const SIGNATURE = 64;
/** 8 MiB: the format's limit for one body; a piece is at most 4 MB, the rest is room for tags. */
export const BODY_MAX = 8 * 1024 * 1024;

export const Kind = { SpanOpen: 1, Piece: 2, Gap: 3, Manifest: 4 } as const;
export type KindNumber = (typeof Kind)[keyof typeof Kind];

export interface SealRecord {
  kind: KindNumber;
  track: number;
  camera: number;
  recorder: Bytes;
  span: number;
  seq: number;
  /** Microseconds since 1970, recorder's clock. */
  begin: number;
  end: number;
  /** By the camera's own clock; null when it told none. */
  cameraBegin: number | null;
  prev: Bytes;
  header: Bytes;
  body: Bytes;
  signature: Bytes;
  /** The whole record as it stands on disk. */
  bytes: Bytes;
}

export class RecordError extends Error {}

/** Length of the record that starts with these header bytes. */
export function recordLength(header: Uint8Array): number {
  if (header.length < HEADER) throw new RecordError('a header has 96 bytes');
  if (text4(header) !== 'LGR1') throw new RecordError('these bytes are not a sealed record');
  const body = view(header).getUint32(60);
  if (body > BODY_MAX) throw new RecordError('the body is longer than the format allows');
  return HEADER + body + SIGNATURE;
}

/** Reads one record that starts at `at`; null when it is not all there yet. */
export function readRecord(data: Bytes, at = 0): SealRecord | null {
  if (data.length - at < HEADER) return null;
  const length = recordLength(data.subarray(at, at + HEADER));
  if (data.length - at < length) return null;
  const bytes = data.subarray(at, at + length);
  const d = view(bytes);
  const kind = bytes[4] ?? 0;
  if (kind < 1 || kind > 4) throw new RecordError(`record kind ${kind} is not known`);
  if (d.getUint16(6) !== 0) throw new RecordError('reserved header bytes are not zero');
  const cameraBegin = d.getBigInt64(52);
  return {
    kind: kind as KindNumber,
    track: bytes[5] ?? 0,
    camera: d.getUint32(8),
    recorder: bytes.subarray(12, 20),
    span: safe(d.getBigUint64(20)),
    seq: safe(d.getBigUint64(28)),
    begin: safe(d.getBigInt64(36)),
    end: safe(d.getBigInt64(44)),
    cameraBegin: cameraBegin === -(2n ** 63n) ? null : safe(cameraBegin),
    prev: bytes.subarray(64, 96),
    header: bytes.subarray(0, HEADER),
    body: bytes.subarray(HEADER, length - SIGNATURE),
    signature: bytes.subarray(length - SIGNATURE),
    bytes,
  };
}

/** Reads records back to back; throws when bytes are left over. */
export function readRecords(data: Bytes): SealRecord[] {
  const out: SealRecord[] = [];
  let at = 0;
  while (at < data.length) {
    const r = readRecord(data, at);
    if (!r) throw new RecordError('the last record is cut short');
    out.push(r);
    at += r.bytes.length;
  }
  return out;
}

/** Gathers a streamed answer into whole records. */
export async function* streamRecords(body: ReadableStream<Uint8Array>): AsyncGenerator<SealRecord> {
  yield* gather(body, (data, at) => {
    const r = readRecord(data, at);
    return r && { value: copy(r), length: r.bytes.length };
  });
}

/** Cuts a stream into parts: `take` gives the part at `at`, or null while it is not all there. */
export async function* gather<T>(
  body: ReadableStream<Uint8Array>,
  take: (data: Bytes, at: number) => { value: T; length: number } | null,
): AsyncGenerator<T> {
  let held: Bytes = new Uint8Array(256 * 1024);
  let used = 0;
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      if (used + value.length > held.length) {
        const wider = new Uint8Array(Math.max(held.length * 2, used + value.length));
        wider.set(held.subarray(0, used));
        held = wider;
      }
      held.set(value, used);
      used += value.length;
      let at = 0;
      for (;;) {
        const part = take(held.subarray(0, used), at);
        if (!part) break;
        at += part.length;
        yield part.value;
      }
      held.copyWithin(0, at, used);
      used -= at;
    }
  } finally {
    // Also runs when the consumer stops early: then the rest is not fetched.
    await reader.cancel().catch(() => undefined);
  }
  if (used) throw new RecordError('the last record is cut short');
}

/** The record in bytes of its own: the stream's are written over. */
export function copy(r: SealRecord): SealRecord {
  const own = readRecord(r.bytes.slice());
  if (!own) throw new RecordError('the record is cut short');
  return own;
}

function safe(n: bigint): number {
  const v = Number(n);
  if (!Number.isSafeInteger(v)) throw new RecordError('a number in the header is out of range');
  return v;
}

const text4 = (b: Uint8Array): string => {
  try {
    return text(b.subarray(0, 4));
  } catch {
    return '';
  }
};

export interface ManifestBody {
  firstSeq: number;
  pieces: { seq: number; hash: Bytes }[];
  plaintextBytes: number;
}

/** manifest body: first_seq u64 ‖ n u32 ‖ n × (seq u64 ‖ chain hash 32) ‖ plaintext bytes u64 */
export function readManifest(body: Bytes): ManifestBody {
  const d = view(body);
  if (body.length < 20) throw new RecordError('the manifest is cut short');
  const n = d.getUint32(8);
  if (body.length !== 12 + n * 40 + 8) throw new RecordError('the manifest has a wrong length');
  const pieces = [];
  for (let i = 0; i < n; i += 1) {
    const at = 12 + i * 40;
    pieces.push({ seq: safe(d.getBigUint64(at)), hash: body.subarray(at + 8, at + 40) });
  }
  return { firstSeq: safe(d.getBigUint64(0)), pieces, plaintextBytes: safe(d.getBigUint64(12 + n * 40)) };
}
