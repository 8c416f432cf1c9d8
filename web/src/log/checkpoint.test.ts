// The example of C2SP signed-note / Go's sumdb/note: key and note of "PeterNeumann".
import { expect, test } from 'vitest';
import { base64, join, sha256, u8, utf8 } from '../seal/bytes';
import { checkCheckpoint, keyText, readCheckpoint, readLogKey } from './checkpoint';

const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';

test('a published verifier key reads and its hash is checked', async () => {
  const key = await readLogKey(VKEY);
  expect(key.name).toBe('PeterNeumann');
  expect(keyText(key)).toBe(VKEY);
  await expect(readLogKey(VKEY.replace('c74f20a3', 'c74f20a4'))).rejects.toThrow('hash');
});

test('a checkpoint is accepted as signed and refused with one changed digit', async () => {
  const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const data = join(u8(1), raw);
  const id = (await sha256(utf8('city.example/log\n'), data)).slice(0, 4);
  const vkey = `city.example/log+${Buffer.from(id).toString('hex')}+${base64(data)}`;
  const body = `city.example/log\n42\n${base64(await sha256(utf8('x')))}\n`;
  const sig = new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, utf8(body)));
  const note = `${body}\n\u2014 city.example/log ${base64(join(id, sig))}\n`;
  const c = readCheckpoint(note);
  expect(c.size).toBe(42);
  const key = await readLogKey(vkey);
  expect(await checkCheckpoint(c, key)).toBe(true);
  expect(await checkCheckpoint(readCheckpoint(note.replace('\n42\n', '\n43\n')), key)).toBe(false);
  expect(() => readCheckpoint('not a note')).toThrow();
});
