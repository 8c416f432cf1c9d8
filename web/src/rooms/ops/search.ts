// The search over all cameras: each name is folded once, when it is first seen or has changed.
import { fold } from '../../words/fold';

export interface Named {
  id: number;
  label: string;
}

/** Names folded at once: about a millisecond. */
const PART = 250;

export class CameraIndex {
  #folded = new Map<number, { label: string; text: string }>();

  /** The name as it is searched: scripts, case and diacritics folded, the number behind it. */
  text(c: Named): string {
    const kept = this.#folded.get(c.id);
    if (kept?.label === c.label) return kept.text;
    const text = `${fold(c.label)} ${c.id}`;
    this.#folded.set(c.id, { label: c.label, text });
    return text;
  }
  /** Folds what is new while nobody waits, a part at a time: the first search is no slower. */
  warm(all: readonly Named[], from = 0): void {
    if (from >= all.length) return;
    setTimeout(() => {
      for (const c of all.slice(from, from + PART)) this.text(c);
      this.warm(all, from + PART);
    });
  }
  /** Those that have every word of the query in their name or number, in the order given. */
  find<T extends Named>(all: readonly T[], query: string): readonly T[] {
    const words = fold(query).split(/\s+/).filter(Boolean);
    if (!words.length) return all;
    return all.filter((c) => {
      const text = this.text(c);
      return words.every((w) => text.includes(w));
    });
  }
}
