// The log's head as this browser checked it, shared by the room's pages. Nothing is kept beyond
// what the log says and which heads were seen.
import { readHead, proveEntry, type Head } from '../../log/head';
import { readEntry } from '../../log/entry';
import { forgetHeads } from '../../log/seen';

async function saidAt(head: Head, index: number): Promise<number | null> {
  const p = await proveEntry(head, index);
  const read = readEntry(p.json);
  return p.holds && read.ok ? read.entry.at : null;
}

class PublicLog {
  head = $state.raw<Head | null>(null);
  checking = $state(false);
  trouble = $state<unknown>(null);
  /** Unix seconds of the newest entry, proven; null while unknown. */
  newest = $state<number | null>(null);
  /** Unix seconds of the first entry, proven once; null while unknown. */
  first = $state<number | null>(null);

  check = async (): Promise<void> => {
    if (this.checking) return;
    this.checking = true;
    try {
      const head = await readHead();
      this.head = head;
      this.trouble = null;
      this.newest = null;
      const last = head.checkpoint.size - 1;
      if (last < 0) return;
      this.newest = await saidAt(head, last);
      this.first ??= await saidAt(head, 0);
    } catch (e) {
      this.trouble = e;
    } finally {
      this.checking = false;
    }
  };
  /** What was seen before no longer counts: a person said so. */
  forget = async (): Promise<void> => {
    forgetHeads();
    await this.check();
  };
  /** Whether the head is one to build on. */
  get good(): boolean {
    const h = this.head;
    if (!h) return false;
    return h.signed && h.tilesAgree && (h.before.how === 'first' || h.before.how === 'continues');
  }
}
export const log = new PublicLog();
