// C2SP signed notes: reads a checkpoint (tlog-checkpoint) and checks the log's Ed25519 signature.
import { fromBase64, join, same, sha256, utf8, u8, type Bytes } from '../seal/bytes';

export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
  /** The signed text, with its last newline. */
  body: string;
  signatures: { name: string; id: Bytes; signature: Bytes }[];
}

export function readCheckpoint(note: string): Checkpoint {
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0) throw new Error('the checkpoint is not a signed note');
  const body = note.slice(0, cut + 1);
  const [origin, size, root] = body.split('\n');
  if (!origin || !size || !root || !/^(0|[1-9][0-9]*)$/.test(size)) throw new Error('the checkpoint is malformed');
  const signatures = note
    .slice(cut + 2)
    .split('\n')
    .filter((l) => l.startsWith('\u2014 '))
    .map((l) => {
      const [, name = '', data = ''] = l.split(' ');
      const raw = fromBase64(data);
      return { name, id: raw.slice(0, 4), signature: raw.slice(4) };
    });
  return { origin, size: Number(size), root: fromBase64(root), body, signatures };
}

export interface LogKey {
  name: string;
  id: Bytes;
  raw: Bytes;
}

/** A signed-note verifier key: `name+hash+base64(0x01 ‖ Ed25519 key)`. */
export async function readLogKey(vkey: string): Promise<LogKey> {
  const line = vkey.trim();
  const plus = line.indexOf('+');
  const next = line.indexOf('+', plus + 1);
  if (plus < 1 || next < 0) throw new Error('the log key is malformed');
  const name = line.slice(0, plus);
  const data = fromBase64(line.slice(next + 1));
  if (data.length !== 33 || data[0] !== 1) throw new Error('the log key is not Ed25519');
  const id = (await sha256(join(utf8(`${name}\n`), data))).slice(0, 4);
  const told = line.slice(plus + 1, next);
  if (parseInt(told, 16) !== new DataView(id.buffer).getUint32(0)) throw new Error('the log key does not match its hash');
  return { name, id, raw: data.slice(1) };
}

export async function checkCheckpoint(c: Checkpoint, key: LogKey): Promise<boolean> {
  const sig = c.signatures.find((s) => s.name === key.name && same(s.id, key.id));
  if (!sig) return false;
  const k = await crypto.subtle.importKey('raw', key.raw, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', k, sig.signature, utf8(c.body));
}

/** The same key written as `name+hash+base64`, for the offline command. */
export const keyText = (k: LogKey): string =>
  `${k.name}+${new DataView(k.id.buffer, k.id.byteOffset).getUint32(0).toString(16).padStart(8, '0')}+${btoa(
    String.fromCharCode(...join(u8(1), k.raw)),
  )}`;
