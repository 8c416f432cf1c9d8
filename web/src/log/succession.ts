// The log's key has a successor: followed from the key seen before to today's, step by step. Each
// step is a checkpoint that both keys signed, whose last entry, in today's tree, names the next
// key.
import { fromHex, join, same, u8, utf8, sha256, type Bytes } from '../seal/bytes';
import { checkCheckpoint, keyText, readCheckpoint, readLogKey, type Checkpoint, type LogKey } from './checkpoint';
import { readEntry } from './entry';

/** One a month for twenty years. */
const STEPS_MAX = 240;

export interface Ways {
  /** The `n`th checkpoint of handing over, from 1; null where there is none. */
  note: (n: number) => Promise<string | null>;
  /** The JSON of an entry that is proven to stand in today's tree; null where it is not. */
  proven: (index: number) => Promise<string | null>;
  /** Whether today's tree goes on from this checkpoint. */
  goesOn: (c: Checkpoint) => Promise<boolean>;
}

async function keyNamed(name: string, raw: Bytes): Promise<LogKey> {
  const id = (await sha256(join(utf8(`${name}\n`), u8(1), raw))).slice(0, 4);
  return { name, id, raw };
}

/** The size up to which the key seen before counts, if the log was handed over from it to today's
 *  key; null where no such way is shown. */
export async function handedOver(seen: string, today: string, ways: Ways): Promise<number | null> {
  let now = await readLogKey(seen);
  let first: number | null = null;
  for (let n = 1; n <= STEPS_MAX; n++) {
    const note = await ways.note(n);
    if (note === null) return null;
    const closing = readCheckpoint(note);
    // What was handed over before this browser's time is signed by keys that it never saw.
    if (closing.origin !== now.name || !(await checkCheckpoint(closing, now))) continue;
    const said = readEntry(await ways.proven(closing.size - 1));
    if (!said.ok || said.entry.kind !== 'log_key_changed' || !(await ways.goesOn(closing))) return null;
    const hexKey = String(said.entry['key']);
    if (!/^[0-9a-f]{64}$/.test(hexKey)) return null;
    const next = await keyNamed(now.name, fromHex(hexKey));
    // The first checkpoint of this key is the last of the one before: no step from it.
    if (same(next.raw, now.raw)) continue;
    if (!(await checkCheckpoint(closing, next))) return null;
    first ??= closing.size;
    now = next;
    if (keyText(now) === today) return first;
  }
  return null;
}
