// Our HPKE opener against another implementation's sealing (@hpke/core, test only).
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { expect, test } from 'vitest';
import { utf8 } from './bytes';
import { hpkeOpen } from './hpke';
import { newOneTimeKey } from './request';

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

test('opens what @hpke/core sealed, with a key that cannot be exported', async () => {
  const { pair } = await newOneTimeKey();
  expect(pair.privateKey.extractable).toBe(false);
  const info = utf8('info');
  const aad = utf8('aad');
  const sender = await suite.createSenderContext({ recipientPublicKey: pair.publicKey, info: info.buffer });
  const ct = new Uint8Array(await sender.seal(utf8('thirty-two bytes of a span share').buffer, aad.buffer));
  const enc = new Uint8Array(sender.enc);
  const opened = await hpkeOpen(pair, enc, info, aad, ct);
  expect(new TextDecoder().decode(opened)).toBe('thirty-two bytes of a span share');
  await expect(hpkeOpen(pair, enc, utf8('other'), aad, ct)).rejects.toThrow();
  await expect(hpkeOpen(pair, enc, info, utf8('other'), ct)).rejects.toThrow();
});
