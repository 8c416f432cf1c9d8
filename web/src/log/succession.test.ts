// A log that is handed over from key to key is followed; nothing less than both signatures will do.
import { expect, test } from 'vitest';
import { base64, hex, join, sha256, u8, utf8, type Bytes } from '../seal/bytes';
import { handedOver, type Ways } from './succession';

const NAME = 'city.example/log';

interface Key {
  vkey: string;
  raw: Bytes;
  line: (body: string) => Promise<string>;
}

async function makeKey(): Promise<Key> {
  const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const id = (await sha256(utf8(`${NAME}\n`), u8(1), raw)).slice(0, 4);
  const line = async (body: string) => {
    const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, utf8(body)));
    return `\u2014 ${NAME} ${base64(join(id, signature))}\n`;
  };
  return { vkey: `${NAME}+${hex(id)}+${base64(join(u8(1), raw))}`, raw, line };
}

const body = (size: number) => `${NAME}\n${size}\n${base64(new Uint8Array(32))}\n`;
const change = (key: Key) =>
  JSON.stringify({ v: 1, kind: 'log_key_changed', at: 5, key: hex(key.raw), statement: '00'.repeat(32) });

async function city(over: Partial<Ways> = {}) {
  const [a, b, c] = [await makeKey(), await makeKey(), await makeKey()];
  const notes = [
    `${body(6)}\n${await a.line(body(6))}${await b.line(body(6))}`,
    `${body(9)}\n${await b.line(body(9))}${await c.line(body(9))}`,
  ];
  const ways: Ways = {
    note: async (n) => notes[n - 1] ?? null,
    proven: async (index) => (index === 5 ? change(b) : index === 8 ? change(c) : null),
    goesOn: async () => true,
    ...over,
  };
  return { a, b, c, notes, ways };
}

test('each key that was in force leads to today’s', async () => {
  const { a, b, c, ways } = await city();
  expect(await handedOver(a.vkey, c.vkey, ways)).toBe(6);
  expect(await handedOver(b.vkey, c.vkey, ways)).toBe(9);
  expect(await handedOver(a.vkey, b.vkey, ways)).toBe(6);
});

test('no way leads back, to a stranger, or past what is not shown', async () => {
  const { a, b, c, notes, ways } = await city();
  const stranger = await makeKey();
  expect(await handedOver(c.vkey, a.vkey, ways)).toBeNull();
  expect(await handedOver(a.vkey, stranger.vkey, ways)).toBeNull();
  expect(await handedOver(stranger.vkey, c.vkey, ways)).toBeNull();
  expect(await handedOver(a.vkey, c.vkey, { ...ways, note: async () => null })).toBeNull();
  expect(await handedOver(a.vkey, c.vkey, { ...ways, goesOn: async () => false })).toBeNull();
  expect(await handedOver(a.vkey, c.vkey, { ...ways, proven: async () => change(stranger) })).toBeNull();
  expect(await handedOver(a.vkey, b.vkey, { ...ways, proven: async () => null })).toBeNull();
  // The next key must have signed too: else whoever has the old one could name anybody's.
  const alone = `${body(6)}\n${await a.line(body(6))}`;
  expect(await handedOver(a.vkey, b.vkey, { ...ways, note: async () => alone })).toBeNull();
  expect(notes).toHaveLength(2);
});
