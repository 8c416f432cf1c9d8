// From released shares to a span key: opens both groups' shares with the one-time key, combines
// them, checks the commitment that the span-open record carries, and opens pieces.
import { fromBase64, fromHex, join, same, u32, u64, u8, utf8, type Bytes } from './bytes';
import { hpkeOpen, type OneTimeKey } from './hpke';
import { Kind, type SealRecord } from './record';
import type { ReleasedShare } from '../api/types';

export const POLICE = 1;
export const OVERSIGHT = 2;

export class KeyRefused extends Error {
  readonly span: number;
  constructor(span: number, why: 'missing_share' | 'share' | 'commitment' | 'piece') {
    super(why);
    this.name = 'KeyRefused';
    this.span = span;
  }
}

export interface SpanKey {
  camera: number;
  span: number;
  /** Non-extractable. */
  aes: CryptoKey;
  /** Raw material, kept for the export bundle only. */
  police: Bytes;
  oversight: Bytes;
  key: Bytes;
  commitment: Bytes;
}

/** commitment 32 ‖ hour u32 ‖ nonce 12 ‖ wrapped */
export function commitmentOf(spanOpen: SealRecord): Bytes {
  if (spanOpen.kind !== Kind.SpanOpen || spanOpen.body.length < 48) throw new KeyRefused(spanOpen.span, 'commitment');
  return spanOpen.body.subarray(0, 32);
}

const releaseInfo = (request: string, group: number, span: SealRecord, commitment: Bytes): Bytes =>
  join(
    utf8('loggia/seal/v1 release\n'),
    fromHex(request),
    u8(group),
    u32(span.camera),
    u64(span.span),
    commitment,
  );

/** 64 bytes: the span key and what it must commit to. */
export async function combine(
  police: Bytes,
  oversight: Bytes,
  camera: number,
  span: number,
): Promise<{ key: Bytes; commitment: Bytes }> {
  const ikm = await crypto.subtle.importKey('raw', join(police, oversight), 'HKDF', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits(
    {
      name: 'HKDF',
      hash: 'SHA-256',
      salt: utf8('loggia/seal/v1'),
      info: join(utf8('span key\n'), u32(camera), u64(span)),
    },
    ikm,
    512,
  );
  const out = new Uint8Array(bits);
  return { key: out.slice(0, 32), commitment: out.slice(32) };
}

/** The span's key from what was released, or KeyRefused with the reason. */
export async function spanKey(
  released: ReleasedShare[],
  request: string,
  oneTime: OneTimeKey,
  spanOpen: SealRecord,
): Promise<SpanKey> {
  const { camera, span } = spanOpen;
  const commitment = commitmentOf(spanOpen);
  const open = async (group: number): Promise<Bytes> => {
    const mine = released.filter(
      (s) => s.camera === camera && s.span === span && s.group === group,
    );
    if (!mine.length) throw new KeyRefused(span, 'missing_share');
    for (const s of mine) {
      try {
        const info = releaseInfo(request, group, spanOpen, commitment);
        return await hpkeOpen(oneTime, fromBase64(s.enc), info, new Uint8Array(), fromBase64(s.ct));
      } catch {
        // Another custodian of the same group may have released as well: try the next one.
      }
    }
    throw new KeyRefused(span, 'share');
  };
  const [police, oversight] = await Promise.all([open(POLICE), open(OVERSIGHT)]);
  const made = await combine(police, oversight, camera, span);
  if (!same(made.commitment, commitment)) throw new KeyRefused(span, 'commitment');
  const aes = await crypto.subtle.importKey('raw', made.key, 'AES-GCM', false, ['decrypt']);
  return { camera, span, aes, police, oversight, key: made.key, commitment: commitment.slice() };
}

/** Opens one piece: nonce = 4 zero bytes ‖ seq, aad = the header. The chain must be checked before. */
export async function openPiece(key: CryptoKey, r: SealRecord): Promise<Bytes> {
  if (r.kind !== Kind.Piece) throw new KeyRefused(r.span, 'piece');
  const iv = join(new Uint8Array(4), u64(r.seq));
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: r.header }, key, r.body),
    );
  } catch {
    throw new KeyRefused(r.span, 'piece');
  }
}
