// The heads of the log that this browser checked, kept in it: one a day and the newest. With two
// signed heads that do not agree anybody can show that the log was forked. Never sent anywhere.
const KEPT = 'loggia-log-seen';
/** Two months of days: about 30 kB. */
const SEEN_MAX = 62;

export interface Seen {
  key: string;
  size: number;
  root: string;
  /** When this browser checked it, milliseconds. */
  at: number;
  /** The signed checkpoint; missing in what older pages kept. */
  note?: string;
}

const isSeen = (v: unknown): v is Seen => {
  const s = v as Partial<Seen> | null;
  return !!s && typeof s.key === 'string' && typeof s.size === 'number' && !!s.root && !!s.at;
};

/** Oldest first. */
export function seenHeads(): Seen[] {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? '[]') as unknown;
    return (Array.isArray(kept) ? kept : [kept]).filter(isSeen);
  } catch {
    return [];
  }
}

const day = (ms: number): string => new Date(ms).toDateString();

/** The first head of each day and the newest of all stay. */
export function withHead(before: Seen[], now: Seen): Seen[] {
  const firsts = before.filter((s, i) => i === 0 || day(s.at) !== day(before[i - 1]!.at));
  return [...firsts, now].slice(-SEEN_MAX);
}

export function keepHead(now: Seen): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(withHead(seenHeads(), now)));
  } catch {
    // A browser that keeps nothing still checks: it only cannot compare with another day.
  }
}

/** Forgets all heads seen before (a person decided to, after a new installation). */
export const forgetHeads = (): void => localStorage.removeItem(KEPT);
