// What the auditor's window does in this browser: takes the log's head, checks its signature, compares
// it with the head seen last time, and proves single entries from the tiles.
import { getBytes, getText } from '../api/call';
import { base64, fromBase64, text, type Bytes } from '../seal/bytes';
import { checkCheckpoint, readCheckpoint, readLogKey, type Checkpoint, type LogKey } from './checkpoint';
import { checkConsistency, entryInBundle, leafHash, rootFromInclusion, TileTree, tilePath } from './merkle';
import { same } from '../seal/bytes';

const SEEN = 'loggia-log-seen';
interface Seen {
  key: string;
  size: number;
  root: string;
  at: number;
}

export interface Head {
  checkpoint: Checkpoint;
  note: string;
  key: LogKey;
  keyText: string;
  signed: boolean;
  tilesAgree: boolean;
  /** Compared with what this browser saw before: first visit, continued, or not. */
  before: { how: 'first' | 'continues' | 'fork' | 'key_changed'; size: number; at: number };
  tree: TileTree;
  checkedAt: number;
}

export const fetchTile = (path: string): Promise<Bytes> => getBytes(`/log/tile/${path}`);

export async function readHead(): Promise<Head> {
  const [keyText, note] = await Promise.all([getText('/log/key'), getText('/log/checkpoint')]);
  const key = await readLogKey(keyText);
  const checkpoint = readCheckpoint(note);
  const signed = await checkCheckpoint(checkpoint, key);
  const tree = new TileTree(checkpoint.size, fetchTile);
  const tilesAgree = same(await tree.root(), checkpoint.root);
  const before = await compare(keyText.trim(), checkpoint, tree);
  if (signed && tilesAgree && (before.how === 'first' || before.how === 'continues')) {
    const seen: Seen = { key: keyText.trim(), size: checkpoint.size, root: base64(checkpoint.root), at: Date.now() };
    localStorage.setItem(SEEN, JSON.stringify(seen));
  }
  return { checkpoint, note, key, keyText: keyText.trim(), signed, tilesAgree, before, tree, checkedAt: Date.now() };
}

async function compare(key: string, c: Checkpoint, tree: TileTree): Promise<Head['before']> {
  let seen: Seen | null = null;
  try {
    seen = JSON.parse(localStorage.getItem(SEEN) ?? 'null') as Seen | null;
  } catch {
    seen = null;
  }
  if (!seen) return { how: 'first', size: 0, at: 0 };
  const told = { size: seen.size, at: seen.at };
  if (seen.key !== key) return { how: 'key_changed', ...told };
  if (seen.size > c.size) return { how: 'fork', ...told };
  const proof = await tree.consistency(seen.size);
  const ok = await checkConsistency(seen.size, c.size, fromBase64(seen.root), c.root, proof);
  return { how: ok ? 'continues' : 'fork', ...told };
}

/** Forget the head seen before (a person decided to, after a new installation). */
export const forgetHead = (): void => localStorage.removeItem(SEEN);

export interface ProvenEntry {
  index: number;
  leaf: Bytes;
  leafHash: Bytes;
  json: string;
  proof: Bytes[];
  root: Bytes | null;
  holds: boolean;
}

export type Tree = Pick<Head, 'checkpoint' | 'tree'>;

/** Takes the entry's exact bytes from the log's own tiles and walks its proof up to the head. */
export async function proveEntry(head: Tree, index: number): Promise<ProvenEntry> {
  const size = head.checkpoint.size;
  const n = Math.floor(index / 256);
  const width = Math.min(256, size - n * 256);
  const bundle = await fetchTile(tilePath('entries', n, width));
  const leaf = entryInBundle(bundle, index % 256);
  const hash = await leafHash(leaf);
  const proof = await head.tree.inclusion(index);
  const root = await rootFromInclusion(index, size, hash, proof);
  const holds = root !== null && same(root, head.checkpoint.root);
  return { index, leaf, leafHash: hash, json: text(leaf), proof, root, holds };
}
