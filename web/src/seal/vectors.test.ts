// The second implementation follows the committed vectors of crates/seal step by step.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { base64, fromBase64, fromHex, hex, sha256, type Bytes } from './bytes';
import { chainHash, ChainChecker, RecorderKeys, SealBroken } from './chain';
import { combine, openPiece, spanKey } from './custody';
import { Kind, readManifest, readRecords, RecordError, streamRecords, type SealRecord } from './record';
import type { ReleasedShare } from '../api/types';

const folder = new URL('../../../crates/seal/vectors/', import.meta.url);
interface Vector {
  camera: number;
  span: number;
  recorder: { public: string; key_id: string };
  s_police: string;
  s_oversight: string;
  span_key: string;
  commitment: string;
  request: string;
  one_time_private: string;
  one_time_public: string;
  released: ReleasedShare[];
  chain: string;
  chain_hashes: string[];
  pieces: { seq: number; clear: string }[];
  broken: { what: string; seq: number; chain: string }[];
}
const v = JSON.parse(readFileSync(new URL('span.json', folder), 'utf8')) as Vector;
const chain = fromBase64(v.chain);
const keys = () =>
  RecorderKeys.read([{ key_id: v.recorder.key_id, public: base64(fromHex(v.recorder.public)) }]);

/** PKCS#8 wrapping of a raw X25519 private key (RFC 8410). */
async function oneTime() {
  const pkcs8 = fromHex(`302e020100300506032b656e04220420${v.one_time_private}`);
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'X25519', false, ['deriveBits']);
  const publicKey = await crypto.subtle.importKey('raw', fromHex(v.one_time_public), 'X25519', true, []);
  return { privateKey, publicKey };
}
async function checkAll(bytes: Bytes): Promise<SealRecord[]> {
  const checker = new ChainChecker(v.camera, await keys());
  const records = readRecords(bytes);
  for (const r of records) await checker.check(r);
  return records;
}

describe('sealed format v1, vectors of crates/seal', () => {
  test('the chain reads, links and carries the recorder’s signatures', async () => {
    const records = await checkAll(chain);
    expect(records.length).toBe(v.chain_hashes.length);
    for (const [i, r] of records.entries()) expect(hex(await chainHash(r))).toBe(v.chain_hashes[i]);
    expect(base64(readFileSync(new URL('chain.bin', folder)))).toBe(v.chain);
  });

  test('both shares give the key and the commitment', async () => {
    const made = await combine(fromHex(v.s_police), fromHex(v.s_oversight), v.camera, v.span);
    expect(hex(made.key)).toBe(v.span_key);
    expect(hex(made.commitment)).toBe(v.commitment);
  });

  test('released shares open with the one-time key, and the pieces come out', async () => {
    const records = readRecords(chain);
    const open = records.find((r) => r.kind === Kind.SpanOpen && r.span === v.span)!;
    const key = await spanKey(v.released, v.request, await oneTime(), open);
    expect(hex(key.key)).toBe(v.span_key);
    let opened = 0;
    for (const p of v.pieces) {
      const record = records.find((r) => r.seq === p.seq)!;
      if (record.span !== v.span) continue;
      expect(base64(await openPiece(key.aes, record))).toBe(p.clear);
      opened += 1;
    }
    expect(opened).toBeGreaterThan(0);
    const manifest = records.find((r) => r.kind === Kind.Manifest && r.span === v.span)!;
    for (const m of readManifest(manifest.body).pieces) {
      expect(hex(m.hash)).toBe(v.chain_hashes[m.seq - 1]);
    }
  });

  test('a share of another request, one group alone or a swapped commitment opens nothing', async () => {
    const open = readRecords(chain).find((r) => r.kind === Kind.SpanOpen && r.span === v.span)!;
    const mine = await oneTime();
    const other = hex(await sha256(fromHex(v.request)));
    await expect(spanKey(v.released, other, mine, open)).rejects.toThrow('share');
    await expect(spanKey(v.released.slice(0, 1), v.request, mine, open)).rejects.toThrow('missing_share');
    const bent = readRecords(chain.slice()).find((r) => r.kind === Kind.SpanOpen && r.span === v.span)!;
    bent.body[0]! ^= 1;
    await expect(spanKey(v.released, v.request, mine, bent)).rejects.toThrow('share');
  });

  for (const b of v.broken) {
    test(`what was ${b.what} is named`, async () => {
      const bytes = fromBase64(b.chain);
      if (b.what === 'cut') {
        await expect(checkAll(bytes)).rejects.toThrow(RecordError);
        return;
      }
      const found = await checkAll(bytes).then(
        () => null,
        (e: unknown) => e,
      );
      expect(found).toBeInstanceOf(SealBroken);
      expect((found as SealBroken).seq).toBe(b.seq);
    });
  }

  test('every flipped bit of a record is found', async () => {
    const first = readRecords(chain)[1]!;
    const length = first.bytes.length;
    const at = first.bytes.byteOffset;
    for (let i = 0; i < length; i += 7) {
      const bent = chain.slice();
      bent[at + i]! ^= 1 << (i % 8);
      await expect(checkAll(bent)).rejects.toThrow();
    }
  });

  test('records come out of a stream whole, however it is cut', async () => {
    for (const size of [1, 97, 1000, chain.length]) {
      const body = new ReadableStream<Uint8Array>({
        start(c) {
          for (let i = 0; i < chain.length; i += size) c.enqueue(chain.slice(i, i + size));
          c.close();
        },
      });
      const seen: number[] = [];
      for await (const r of streamRecords(body)) seen.push(r.seq);
      expect(seen).toEqual(readRecords(chain).map((r) => r.seq));
    }
  });
});
