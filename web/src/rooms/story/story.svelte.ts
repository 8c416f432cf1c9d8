import { get, V1 } from '../../api/call';
import { draftPlace } from '../../api/drafts';
import type { LogPage } from '../../api/types';

// The demo's story: one case from the question to the proof. What is done is read from the public
// log, never from the page's own memory; the page keeps only which request the story is about.
const KEPT = 'loggia-story';
/** Who asks in the story. */
export const REQUESTER = 'p.lindqvist';
/** The camera over the rack, in the demo city's list. */
const CAMERA = 1;
/** The law that the story's case rests on: securing evidence. */
const BASIS = 'fi-pkl-7';
const PAGE = 100;

export const STEPS = ['read', 'ask', 'decide', 'release', 'play', 'check'] as const;
export type Step = (typeof STEPS)[number];
/** The kind of log entry that shows a step as done. */
const SHOWN_BY: Partial<Record<string, Step>> = {
  request_filed: 'ask',
  decision: 'decide',
  opening: 'release',
  export: 'play',
};

interface Kept {
  /** The request's hash, once it is filed. */
  request?: string;
  /** Steps that only the reader knows of: they leave nothing in the log. */
  seen: Step[];
}

function kept(): Kept | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as Kept | null;
  } catch {
    return null;
  }
}

class Story {
  #kept = $state.raw<Kept | null>(kept());
  /** Steps that the public log shows as done, and where. */
  told = $state.raw<Partial<Record<Step, number>>>({});
  #from = 0;

  readonly on = $derived(this.#kept !== null);
  readonly request = $derived(this.#kept?.request ?? null);
  /** The first step that is not done; null when all are. */
  readonly next = $derived(STEPS.find((s) => !this.done(s)) ?? null);

  done(step: Step): boolean {
    return this.told[step] !== undefined || !!this.#kept?.seen.includes(step);
  }
  begin(): void {
    this.told = {};
    this.#from = 0;
    this.#keep({ seen: [] });
  }
  end(): void {
    sessionStorage.removeItem(KEPT);
    this.#kept = null;
    this.told = {};
  }
  saw(step: Step): void {
    if (!this.#kept || this.#kept.seen.includes(step)) return;
    this.#keep({ ...this.#kept, seen: [...this.#kept.seen, step] });
  }
  /** The first request filed while the story runs is the story's. */
  met(request: string): void {
    if (this.#kept && !this.#kept.request) this.#keep({ ...this.#kept, request });
  }
  /** Fills the form with the case of the story; gives the form's address. */
  ask(words: { number: string; necessity: string }): string {
    // The story asks by this law, for the newest two minutes.
    const draft = { ...words, purpose: 'investigation', basis: BASIS, timed: true };
    sessionStorage.setItem(draftPlace('draft', REQUESTER), JSON.stringify(draft));
    return `/evidence/new?cameras=${CAMERA}&step=4`;
  }
  /** Reads what the public log has gained. */
  async read(): Promise<void> {
    const request = this.request;
    if (!request) return;
    const told = { ...this.told };
    for (;;) {
      const page = await get<LogPage>(`${V1}/log/entries?from=${this.#from}&limit=${PAGE}`);
      for (const { index, entry } of page.entries) {
        const step = SHOWN_BY[entry.kind];
        if (step && (entry as { request?: string }).request === request) told[step] ??= index;
        this.#from = index + 1;
      }
      if (page.entries.length < PAGE) break;
    }
    this.told = told;
  }
  #keep(k: Kept): void {
    sessionStorage.setItem(KEPT, JSON.stringify(k));
    this.#kept = k;
  }
}
export const story = new Story();
