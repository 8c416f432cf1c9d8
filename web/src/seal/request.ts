// The exact bytes of an access request, its hash, and the one-time key that everything released is
// sealed to. The private key cannot be exported and lives in this browser's IndexedDB until the
// opening ends.
import { base64, hex, sha256, utf8 } from './bytes';
import type { CameraSpans, RequestText } from '../api/types';
import type { OneTimeKey } from './hpke';
import { ONE_TIME_KEYS, withStore } from './kept';

export async function newOneTimeKey(): Promise<{ pair: OneTimeKey; publicText: string }> {
  const pair = (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { pair, publicText: base64(raw) };
}

/** Field order is part of the format: the text is hashed as it stands, without white space. */
export function requestText(r: Omit<RequestText, 'v'>): string {
  const spans = r.camera_spans.map(
    (s): CameraSpans => ({ camera: s.camera, first: s.first, last: s.last }),
  );
  const ordered: RequestText = {
    v: 1,
    camera_spans: spans,
    from: r.from,
    to: r.to,
    purpose: r.purpose,
    legal_basis: r.legal_basis,
    case_commitment: r.case_commitment,
    one_time_key: r.one_time_key,
    policy_hash: r.policy_hash,
    requester: r.requester,
    nonce: r.nonce,
    necessity: r.necessity,
  };
  return JSON.stringify(ordered);
}

export const requestHash = async (request: string): Promise<string> =>
  hex(await sha256(utf8('loggia/request/v1\n'), utf8(request)));

/** What a request says of its reason in words. */
export const necessityHash = async (words: string): Promise<string> =>
  hex(await sha256(utf8('loggia/necessity/v1\n'), utf8(words)));

export const newNonce = (): string => hex(crypto.getRandomValues(new Uint8Array(32)));

export const keepKey = (request: string, pair: OneTimeKey): Promise<unknown> =>
  withStore(ONE_TIME_KEYS, 'readwrite', (s) => s.put(pair, request));
export const findKey = (request: string): Promise<OneTimeKey | undefined> =>
  withStore(ONE_TIME_KEYS, 'readonly', (s) => s.get(request) as IDBRequest<OneTimeKey | undefined>);
export const dropKey = (request: string): Promise<unknown> =>
  withStore(ONE_TIME_KEYS, 'readwrite', (s) => s.delete(request));
