// A new request while it is being written: words in the draft, everything else in the address. All
// four steps share it, so that going back or coming again finds what was there.
import { cameras } from '../../../api/cameras.svelte';
import { get, post, V1 } from '../../../api/call';
import { draftPlace } from '../../../api/drafts';
import { session } from '../../../api/session.svelte';
import type { AccessRequest, Cover, RulesInForce, Timeline } from '../../../api/types';
import { route } from '../../../route.svelte';
import type { Word } from '../../../words/index.svelte';
import { fileRequest } from '../file';
import { LIVE_US, suggest } from '../state';
import { opened } from './least';
import { readSpot, whoSees } from './sees';

export const STEPS = ['place', 'time', 'case', 'send'] as const;
export type Step = (typeof STEPS)[number];
export type Lack = 'cameras' | 'time' | 'case' | 'purpose' | 'basis' | 'why';
/** On which step a field stands. */
export const WHERE: Record<Lack, Step> = {
  cameras: 'place', time: 'time', case: 'case', purpose: 'case', basis: 'case', why: 'case',
};
/** What is said where it lacks. */
export const LACKS = {
  cameras: 'new.mCameras', time: 'new.mTime', case: 'new.mCase',
  purpose: 'new.mPurpose', basis: 'new.mBasis', why: 'new.mNecessity',
} as const satisfies Record<Lack, Word>;
interface Draft {
  number: string;
  purpose: string;
  basis: string;
  necessity: string;
  query: string;
  /** Whether somebody has looked at the minutes: until then they are only a suggestion. */
  timed: boolean;
}
const BLANK: Draft = {
  number: '', purpose: '', basis: '', necessity: '', query: '', timed: false,
};

function kept(place: string): Draft {
  try {
    return { ...BLANK, ...(JSON.parse(sessionStorage.getItem(place) ?? '{}') as Partial<Draft>) };
  } catch {
    return { ...BLANK };
  }
}

/** Purpose and law are said by whoever asks: nothing is chosen where there is a choice. */
const only = (all: readonly string[]): string => (all.length === 1 ? all[0]! : '');

export class NewAsk {
  /** Read once: the session may end while the form is still there. */
  readonly #place = draftPlace('draft', session.actor?.person ?? '');
  draft = $state<Draft>(kept(this.#place));
  rules = $state.raw<RulesInForce | null>(null);
  lines = $state.raw<Record<number, Timeline>>({});
  cover = $state.raw<Cover | null>(null);
  trouble = $state<unknown>(null);
  filing = $state(false);
  now = $state(Date.now() * 1000);
  #asked = $state(0);

  readonly step = $derived<Step>(STEPS[Number(route.param('step') ?? 1) - 1] ?? 'place');
  readonly chosen = $derived(
    (route.param('cameras') ?? '').split(',').map(Number).filter((n) => n > 0),
  );
  readonly spot = $derived(readSpot(route.param('place')));
  readonly sights = $derived(this.spot ? whoSees(cameras.all, this.spot) : []);
  readonly window_s = $derived(Number(route.param('window')) || 600);
  readonly end = $derived(Math.ceil(this.now / 1e6) * 1e6);
  readonly begin = $derived(this.end - this.window_s * 1e6);
  // Until somebody chooses a time: the newest two minutes that can be asked for.
  readonly #newest = $derived(suggest(this.chosen.map((id) => this.lines[id]), this.end));
  readonly from = $derived(Number(route.param('from')) || this.#newest.from);
  readonly to = $derived(Number(route.param('to')) || this.#newest.to);
  readonly timed = $derived(this.draft.timed || !!route.param('from'));
  readonly live = $derived(this.draft.purpose === 'incident_live');
  /** What this person's roles and body file for. */
  readonly purposes = $derived.by(() => {
    const files = session.has('investigator');
    if (!files) return ['audit_sample'];
    if (session.actor?.body === 'city') return ['subject_access'];
    const own = ['investigation', 'danger_to_life', 'subject_access'];
    return session.has('auditor') ? [...own, 'audit_sample'] : own;
  });
  /** Only laws that allow this purpose. */
  readonly bases = $derived(
    this.rules?.legal_bases.filter((b) => b.purposes.includes(this.draft.purpose)) ?? [],
  );
  readonly missing = $derived(
    [
      !this.chosen.length && ('cameras' as const),
      !!this.chosen.length && !this.live && !this.cover?.camera_spans.length && ('time' as const),
      !this.draft.number.trim() && ('case' as const),
      !this.draft.purpose && ('purpose' as const),
      !this.draft.basis && ('basis' as const),
      this.draft.necessity.trim().length < 10 && ('why' as const),
    ].filter((s) => s !== false),
  );
  /** Steps that are complete, and that somebody has touched. */
  readonly done = $derived(
    STEPS.filter(
      (s) =>
        s !== 'send' &&
        !this.missing.some((m) => WHERE[m] === s) &&
        (s !== 'time' || this.live || (!!this.chosen.length && this.timed)),
    ),
  );
  /** How long the whole spans of each camera are; null while not known. */
  readonly lengths = $derived(this.cover && opened(this.cover.camera_spans, this.lines));
  /** The camera that recorded least of from–to, and how much; null while not known. */
  readonly least = $derived.by(() => {
    const ids = this.chosen;
    if (!ids.length || ids.some((id) => !this.lines[id])) return null;
    const until = Math.min(this.to, this.cover?.end || this.to);
    const have = (id: number) =>
      this.lines[id]!.spans
        .filter((s) => s.state !== 'expired')
        .map((s) => Math.max(0, Math.min(s.end, until) - Math.max(s.begin, this.from)))
        .reduce((a, b) => a + b, 0);
    return ids.map((id) => ({ id, have: have(id) })).reduce((a, b) => (b.have < a.have ? b : a));
  });
  readonly partly = $derived(
    !!this.least &&
      this.from >= this.begin &&
      this.to <= this.end &&
      this.least.have < this.to - this.from - 1e6,
  );
  /** Whether the end of what is asked may still be being recorded. */
  readonly fresh = $derived(this.to > this.now - 90e6);

  /** Fetches, and keeps what is typed; called while a component begins. */
  start(): void {
    // A draft that was left comes back where nothing else is asked for.
    const { number: typed, necessity, query } = this.draft;
    const begun = typed || necessity || query.includes('cameras=');
    if (!route.query && begun) route.go(`${route.path}${query}`, 'replace');
    // Whoever answers a resident comes with the case in the address.
    const [number, purpose] = [route.param('case'), route.param('purpose')];
    if (number) this.draft.number = number;
    if (purpose) this.draft.purpose = purpose;
    if (number || purpose) route.set({ case: null, purpose: null });
    $effect(() => {
      this.draft.query = route.query;
      sessionStorage.setItem(this.#place, JSON.stringify(this.draft));
    });
    $effect(() => {
      const { purpose, basis } = this.draft;
      if (!this.live && !this.purposes.includes(purpose)) this.draft.purpose = only(this.purposes);
      const bases = this.bases.map((b) => b.id);
      if (this.rules && !bases.includes(basis)) this.draft.basis = only(bases);
    });
    $effect(() => {
      if (this.step === 'time' && this.chosen.length) this.draft.timed = true;
    });
    // Whoever came past the step of the times: what the last one shows is what is filed.
    $effect(() => {
      const shown = this.step === 'send' && !this.live && !!this.cover?.camera_spans.length;
      if (shown && !route.param('from')) this.setTime(this.from, this.to);
    });
    $effect(() => void this.read());
    $effect(() => this.#fetchLines());
    $effect(() => this.#fetchCover());
  }
  async read(): Promise<void> {
    try {
      await cameras.load();
      this.rules = await get<RulesInForce>(`${V1}/legal-bases`);
      this.trouble = null;
    } catch (e) {
      this.trouble = e;
    }
  }
  // Timelines of the chosen cameras for the window shown.
  #fetchLines(): () => void {
    const [b, e, ids] = [this.begin, this.end, this.chosen];
    const stop = new AbortController();
    Promise.all(
      ids.map(async (id) => {
        const path = `${V1}/cameras/${id}/timeline?from=${b}&to=${e}`;
        return [id, await get<Timeline>(path, stop.signal)] as const;
      }),
    ).then(
      (all) => (this.lines = Object.fromEntries(all)),
      (x: unknown) => !stop.signal.aborted && (this.trouble = x),
    );
    return () => stop.abort();
  }
  // The smallest spans that cover from–to, asked a moment after the last move.
  #fetchCover(): (() => void) | undefined {
    const body = { cameras: this.chosen, from: this.from, to: this.to };
    let later: ReturnType<typeof setTimeout> | undefined;
    void this.#asked;
    if (!body.cameras.length) {
      this.cover = null;
      return undefined;
    }
    let gone = false;
    const t = setTimeout(() => {
      post<Cover>(`${V1}/spans/cover`, body).then(
        (c) => !gone && (this.cover = c),
        () => {
          if (gone) return;
          this.cover = { camera_spans: [], begin: body.from, end: body.to, overhang_us: 0 };
          // The span of this moment is closed within a minute: then it can be asked for.
          if (body.to > Date.now() * 1000 - 90e6) later = setTimeout(() => this.#again(), 4000);
        },
      );
    }, 180);
    return () => {
      gone = true;
      clearTimeout(t);
      clearTimeout(later);
    };
  }
  #again(): void {
    this.#asked += 1;
    if (!route.param('from')) this.now = Date.now() * 1000;
  }

  /** What another step's address has: the minutes that this one shows move no more. */
  onward(to: Step): Record<string, string> {
    const step = String(STEPS.indexOf(to) + 1);
    const shown = this.step === 'time' && !this.live && !!this.chosen.length;
    return shown ? { step, from: String(this.from), to: String(this.to) } : { step };
  }
  /** Goes to a step; the browser's own "back" comes from there. */
  go = (to: Step): void => {
    route.set(this.onward(to), 'push');
  };
  choose = (id: number): void => {
    const has = this.chosen.includes(id);
    this.take(has ? this.chosen.filter((c) => c !== id) : [...this.chosen, id]);
  };
  take = (ids: number[]): void => {
    route.set({ cameras: ids.toSorted((a, b) => a - b).join(',') });
  };
  setTime = (from: number, to: number): void => {
    route.set({ from: String(from), to: String(to) });
  };
  setWindow = (s: number): void => {
    this.now = Date.now() * 1000;
    route.set({ window: String(s) });
  };
  setLive = (live: boolean): void => {
    this.draft.purpose = live ? 'incident_live' : only(this.purposes);
  };

  /** What a live view asks for: no span yet, from now on. */
  #atOnce() {
    const from = Math.floor(Date.now() * 1000);
    const to = from + LIVE_US;
    const camera_spans = this.chosen.map((camera) => ({ camera, first: 0, last: 0 }));
    return { from, to, cover: { camera_spans, begin: from, end: to, overhang_us: 0 } };
  }
  async file(): Promise<void> {
    const { from, to } = this;
    const what = this.live ? this.#atOnce() : this.cover && { cover: this.cover, from, to };
    if (!what || !session.actor || !this.rules || this.filing) return;
    this.filing = true;
    this.trouble = null;
    const { number, purpose, basis, necessity } = this.draft;
    try {
      const who = { requester: session.actor.person, policyHash: this.rules.policy_hash };
      const made: AccessRequest = await fileRequest({
        number, purpose, basis, necessity, ...what, ...who,
      });
      route.go(`/evidence/${made.id}`);
      // After the page is left: until then it keeps what it shows.
      setTimeout(() => sessionStorage.removeItem(this.#place));
    } catch (e) {
      this.trouble = e;
    } finally {
      this.filing = false;
    }
  }
}
