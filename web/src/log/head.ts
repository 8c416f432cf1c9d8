// What the auditor's window does in this browser: takes the log's head, checks its signature,
// compares it with the head seen last time, and proves single entries from the tiles.
import { getBytes, getText } from '../api/call';
import { base64, fromBase64, same, type Bytes } from '../seal/bytes';
import { checkCheckpoint, readCheckpoint, readLogKey, type Checkpoint, type LogKey } from './checkpoint';
import { checkConsistency, entryInBundle, leafHash, rootFromInclusion, TileTree, tilePath } from './merkle';
import { keepHead, seenHeads, type Seen } from './seen';
import { handedOver, type Ways } from './succession';
import { textOf } from './trunk';

export interface Head {
  checkpoint: Checkpoint;
  note: string;
  key: LogKey;
  keyText: string;
  signed: boolean;
  tilesAgree: boolean;
  /** Compared with what this browser saw before: first visit, continued, or not. */
  before: {
    how: 'first' | 'continues' | 'fork' | 'key_changed';
    size: number;
    at: number;
    /** What was seen then, where it does not fit: with its signature it is evidence. */
    seen?: Seen;
    /** The oldest head that this browser kept, held against today's too. */
    since?: number;
  };
  tree: TileTree;
  checkedAt: number;
}

export const fetchTile = (path: string): Promise<Bytes> => getBytes(`/log/tile/${path}`);

export async function readHead(): Promise<Head> {
  // Read before the head is asked for: another page of this browser may keep a newer one meanwhile,
  // and a head that is older than what was seen would look like a log cut short.
  const kept = seenHeads();
  const [keyText, note] = await Promise.all([getText('/log/key'), getText('/log/checkpoint')]);
  const key = await readLogKey(keyText);
  const checkpoint = readCheckpoint(note);
  const signed = await checkCheckpoint(checkpoint, key);
  const tree = new TileTree(checkpoint.size, fetchTile);
  const tilesAgree = same(await tree.root(), checkpoint.root);
  const logKey = keyText.trim();
  const before = await compare(kept, logKey, checkpoint, tree);
  const checkedAt = Date.now();
  if (signed && tilesAgree && (before.how === 'first' || before.how === 'continues')) {
    const [size, root] = [checkpoint.size, base64(checkpoint.root)];
    keepHead({ key: logKey, size, root, at: checkedAt, note });
  }
  return { checkpoint, note, key, keyText: logKey, signed, tilesAgree, before, tree, checkedAt };
}

/** Whether the tree of today begins with what was seen then. */
export async function goesOn(seen: Seen, c: Checkpoint, tree: TileTree): Promise<boolean> {
  if (seen.size > c.size) return false;
  const proof = await tree.consistency(seen.size);
  return checkConsistency(seen.size, c.size, fromBase64(seen.root), c.root, proof);
}

/** What following a log to its next key needs of this server, none of it believed unproven. */
function waysOf(head: Tree): Ways {
  return {
    note: (n) => getText(`/log/succession/${n}`).catch(() => null),
    proven: async (index) => {
      if (index < 0 || index >= head.checkpoint.size) return null;
      const entry = await proveEntry(head, index);
      return entry.holds ? entry.json : null;
    },
    goesOn: (c) => goesOn({ key: '', size: c.size, root: base64(c.root), at: 0, note: '' }, head.checkpoint, head.tree),
  };
}

async function compare(
  kept: Seen[],
  key: string,
  c: Checkpoint,
  tree: TileTree,
): Promise<Head['before']> {
  const [oldest, seen] = [kept[0], kept.at(-1)];
  if (!seen || !oldest) return { how: 'first', size: 0, at: 0 };
  const told = { size: seen.size, at: seen.at };
  if (seen.key !== key) {
    // Another key counts only where the log itself hands over to it, and no later than it does.
    const ends = await handedOver(seen.key, key, waysOf({ checkpoint: c, tree }));
    if (ends === null || seen.size > ends) return { how: 'key_changed', ...told, seen };
  }
  for (const s of [seen, oldest]) {
    if ((s.key === key || s === seen) && !(await goesOn(s, c, tree))) {
      return { how: 'fork', size: s.size, at: s.at, seen: s };
    }
  }
  return { how: 'continues', ...told, since: oldest.at };
}

export interface ProvenEntry {
  index: number;
  leaf: Bytes;
  leafHash: Bytes;
  /** Null where the bytes are not UTF-8. */
  json: string | null;
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
  return { index, leaf, leafHash: hash, json: textOf(leaf), proof, root, holds };
}
