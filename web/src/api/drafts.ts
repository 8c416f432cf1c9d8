// What is typed and not yet sent lies in this tab under its writer's name: a reload, a dead server
// or a session that runs out takes nothing. A browser may serve several people, so it goes when its
// writer signs out, and when somebody else signs in.
export type DraftKind = 'draft' | 'answer' | 'hand-over';
const KINDS: readonly DraftKind[] = ['draft', 'answer', 'hand-over'];

/** Where a draft lies; `of` tells several of one kind apart. */
export function draftPlace(kind: DraftKind, person: string, of = ''): string {
  return `loggia-${kind}:${person}${of && `:${of}`}`;
}

/** Who wrote what lies at this place; null where it holds no draft. */
export function writerOf(place: string): string | null {
  for (const kind of KINDS) {
    const name = `loggia-${kind}`;
    // Written before places named their writer: nobody's.
    if (place === name) return '';
    if (place.startsWith(`${name}:`)) return place.slice(name.length + 1).split(':')[0] ?? '';
  }
  return null;
}

/** Removes the drafts of those for whom `gone` says so. */
export function dropDrafts(gone: (person: string) => boolean): void {
  for (const place of Object.keys(sessionStorage)) {
    const writer = writerOf(place);
    if (writer !== null && gone(writer)) sessionStorage.removeItem(place);
  }
}
