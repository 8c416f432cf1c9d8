// Holds each recorder's key against the public log: a key counts only when an entry
// `recorder_started` of the log's checked head names it. Never takes a key on the server's word.
import type { Footage } from '../api/types';
import { base64, fromBase64, hex, sha256, type Bytes } from '../seal/bytes';
import { checkCheckpoint, readCheckpoint, type Checkpoint, type LogKey } from './checkpoint';
import { readEntry } from './entry';
import { fetchTile, proveEntry, readHead, type ProvenEntry, type Tree } from './head';
import { TileTree } from './merkle';

export type Untied = 'log' | 'not_named';

/** The records' signer is not one that the public log vouches for. */
export class RecorderNotLogged extends Error {
  readonly why: Untied;
  readonly keyId: string;
  constructor(why: Untied, keyId: string) {
    super(`recorder key ${keyId}: ${why}`);
    this.name = 'RecorderNotLogged';
    this.why = why;
    this.keyId = keyId;
  }
}

type KeyLine = Footage['recorder_keys'][number];
export interface ProvenRecorder extends KeyLine {
  /** The entry's exact bytes and its inclusion proof, base64. */
  entry: string;
  proof: string[];
}

/** Whether a proven entry names this key. */
async function names(entry: ProvenEntry, key: Bytes): Promise<boolean> {
  if (!entry.holds) return false;
  const said = readEntry(entry.json);
  const id = hex((await sha256(key)).subarray(0, 8));
  return said.ok && said.entry.kind === 'recorder_started' && said.entry['recorder'] === id;
}

async function prove(head: Tree, keys: KeyLine[]): Promise<ProvenRecorder[]> {
  const out: ProvenRecorder[] = [];
  for (const k of keys) {
    const notNamed = new RecorderNotLogged('not_named', k.key_id);
    if (!(k.entry_index < head.checkpoint.size)) throw notNamed;
    const entry = await proveEntry(head, k.entry_index);
    if (!(await names(entry, fromBase64(k.public)))) throw notNamed;
    out.push({ ...k, entry: base64(entry.leaf), proof: entry.proof.map(base64) });
  }
  return out;
}

const logWrong = (keys: KeyLine[]) => new RecorderNotLogged('log', keys[0]?.key_id ?? '');

/** Checks the keys against the log's head, which must continue what this browser saw before. */
export async function namedRecorders(keys: KeyLine[]): Promise<LogKey> {
  const head = await readHead();
  const goesOn = head.before.how === 'first' || head.before.how === 'continues';
  if (!head.signed || !head.tilesAgree || !goesOn) throw logWrong(keys);
  await prove(head, keys);
  return head.key;
}

/** The same under a receipt's checkpoint, for the bundle. */
export async function recordersUnder(
  note: string,
  key: LogKey,
  keys: KeyLine[],
): Promise<ProvenRecorder[]> {
  const checkpoint: Checkpoint = readCheckpoint(note);
  if (!(await checkCheckpoint(checkpoint, key))) throw logWrong(keys);
  return prove({ checkpoint, tree: new TileTree(checkpoint.size, fetchTile) }, keys);
}
