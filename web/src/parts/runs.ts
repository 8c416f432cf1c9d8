// Spans joined to runs, so that a day of thousands is drawn as a few bars.
export interface Stretch {
  begin: number;
  end: number;
}

/** Stretches as runs; two with no more than `hole` between them are one. Order does not matter. */
export function runs(stretches: readonly Stretch[], hole: number): Stretch[] {
  const out: Stretch[] = [];
  for (const s of stretches.toSorted((a, b) => a.begin - b.begin)) {
    const last = out.at(-1);
    if (last && s.begin - last.end <= hole) last.end = Math.max(last.end, s.end);
    else out.push({ begin: s.begin, end: s.end });
  }
  return out;
}
