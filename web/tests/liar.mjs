// A log that is signed and proven as it should be, and whose entries are what a test makes of them:
// served to one browser context in place of the city's.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const ORIGIN = 'demo.loggia.invalid/liar';
const sha = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const u16 = (n) => Buffer.from([n >> 8, n & 255]);

function top(hashes) {
  if (hashes.length <= 1) return hashes[0] ?? sha();
  const k = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return sha(Buffer.from([1]), top(hashes.slice(0, k)), top(hashes.slice(k)));
}

/** At most 256 entries, strings or bytes; `grow` puts more under the next head. */
export async function lie(context, first) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const key = Buffer.concat([Buffer.from([1]), spki.subarray(-32)]);
  const id = sha(Buffer.from(`${ORIGIN}\n`), key).subarray(0, 4);
  let leaves = first.map((l) => Buffer.from(l));
  const hashes = () => leaves.map((l) => sha(Buffer.from([0]), l));
  const note = (n = leaves.length) => {
    const text = `${ORIGIN}\n${n}\n${top(hashes().slice(0, n)).toString('base64')}\n`;
    const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]);
    return `${text}\n\u2014 ${ORIGIN} ${signature.toString('base64')}\n`;
  };
  await context.route('**/log/key', (r) =>
    r.fulfill({ body: `${ORIGIN}+${id.toString('hex')}+${key.toString('base64')}\n` }),
  );
  await context.route('**/log/checkpoint', (r) => r.fulfill({ body: note() }));
  await context.route('**/log/tile/**', (r) => {
    const entries = new URL(r.request().url()).pathname.includes('/entries/');
    const width = Number(/\.p\/(\d+)$/.exec(r.request().url())?.[1] ?? 256);
    const some = entries
      ? leaves.slice(0, width).flatMap((l) => [u16(l.length), l])
      : hashes().slice(0, width);
    return r.fulfill({ contentType: 'application/octet-stream', body: Buffer.concat(some) });
  });
  return {
    note,
    grow: (more) => (leaves = [...leaves, ...more.map((l) => Buffer.from(l))]),
    cut: (n) => (leaves = leaves.slice(0, n)),
  };
}

/** An entry in the log's own form. */
export const entry = (kind, at, fields = {}) => JSON.stringify({ v: 1, kind, at, ...fields });
