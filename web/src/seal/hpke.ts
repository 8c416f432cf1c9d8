// HPKE (RFC 9180) base mode, single shot, opening only: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
// AES-256-GCM, with WebCrypto. Works with a private key that cannot be exported.
import { join, u16, utf8, type Bytes } from './bytes';

const NONE: Bytes = new Uint8Array();
const KEM = join(utf8('KEM'), u16(0x0020));
const SUITE = join(utf8('HPKE'), u16(0x0020), u16(0x0001), u16(0x0002));
const VERSION = utf8('HPKE-v1');

async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  // WebCrypto refuses an empty HMAC key; zeros mean the same (RFC 2104 pads the key with zeros).
  const raw = key.length ? key : new Uint8Array(32);
  const k = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', k, data));
}

const extract = (suite: Bytes, salt: Bytes, label: string, ikm: Bytes): Promise<Bytes> =>
  hmac(salt, join(VERSION, suite, utf8(label), ikm));

async function expand(suite: Bytes, prk: Bytes, label: string, info: Bytes, length: number): Promise<Bytes> {
  const full = join(u16(length), VERSION, suite, utf8(label), info);
  // length ≤ 32 always here, so one block of HKDF-Expand (RFC 5869) is enough.
  return (await hmac(prk, join(full, Uint8Array.of(1)))).slice(0, length);
}

export interface OneTimeKey {
  privateKey: CryptoKey;
  publicKey: CryptoKey;
}

/** Opens one sealed message: `enc` is the sender's ephemeral key, `ct` ends with the 16-byte tag. */
export async function hpkeOpen(
  key: OneTimeKey,
  enc: Bytes,
  info: Bytes,
  aad: Bytes,
  ct: Bytes,
): Promise<Bytes> {
  const peer = await crypto.subtle.importKey('raw', enc, 'X25519', false, []);
  const dh = new Uint8Array(
    await crypto.subtle.deriveBits({ name: 'X25519', public: peer }, key.privateKey, 256),
  );
  const own = new Uint8Array(await crypto.subtle.exportKey('raw', key.publicKey));
  const eae = await extract(KEM, NONE, 'eae_prk', dh);
  const shared = await expand(KEM, eae, 'shared_secret', join(enc, own), 32);
  const context = join(
    Uint8Array.of(0),
    await extract(SUITE, NONE, 'psk_id_hash', NONE),
    await extract(SUITE, NONE, 'info_hash', info),
  );
  const secret = await extract(SUITE, shared, 'secret', NONE);
  const aes = await crypto.subtle.importKey(
    'raw',
    await expand(SUITE, secret, 'key', context, 32),
    'AES-GCM',
    false,
    ['decrypt'],
  );
  const iv = await expand(SUITE, secret, 'base_nonce', context, 12);
  return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: aad }, aes, ct));
}
