// What the operator's room knows: cameras, alarms, storage, notes and views, kept fresh by events.
import { get, post, put, remove, V1 } from '../../api/call';
import { live } from '../../api/live.svelte';
import type {
  Alarm,
  AlarmRate,
  Health,
  PublicCamera,
  SavedView,
  ShiftNote,
  Storage,
} from '../../api/types';
import { CameraIndex } from './search';

class Ops {
  health = $state.raw<Health[]>([]);
  places = $state.raw<PublicCamera[]>([]);
  alarms = $state.raw<Alarm[]>([]);
  rate = $state.raw<AlarmRate | null>(null);
  storage = $state.raw<Storage | null>(null);
  notes = $state.raw<ShiftNote[]>([]);
  views = $state.raw<SavedView[]>([]);
  /** When each was read, milliseconds; 0 before the first time. */
  healthAt = $state(0);
  alarmsAt = $state(0);
  storageAt = $state(0);
  trouble = $state.raw<unknown>(null);
  readonly loaded = $derived(this.healthAt > 0);
  readonly index = new CameraIndex();

  readonly abnormal = $derived(this.health.filter((h) => h.state !== 'recording'));
  readonly byId = $derived(new Map(this.health.map((h) => [h.id, h])));
  readonly placeOf = $derived(new Map(this.places.map((p) => [p.id, p])));
  readonly alarmOf = $derived(
    new Map(this.alarms.flatMap((a) => (a.camera === null ? [] : [[a.camera, a] as const]))),
  );
  readonly calling = $derived(
    this.alarms.filter((a) => a.state === 'unacknowledged' || a.state === 'returned'),
  );

  /** Whether the camera records again, and not long enough for the alarm to be over. */
  settles(a: Alarm): boolean {
    return a.active && a.camera !== null && this.byId.get(a.camera)?.state === 'recording';
  }
  readonly settling = $derived(this.alarms.filter((a) => this.settles(a)).length);

  #news = new Map<number, Health>();
  #drawing = 0;

  /** Follows the events until the answer is called. */
  follow(): () => void {
    void this.load();
    const offs = [
      live.on('health', (d) => this.#hear(d as Health[])),
      live.on('storage', (d) => {
        this.storage = d as Storage;
        this.storageAt = Date.now();
      }),
      live.on('alarms', () => void this.#again()),
    ];
    // The rate falls without an event, and what an event did not reach is read once a minute.
    const turn = setInterval(() => void this.#again(), 60_000);
    return () => {
      clearInterval(turn);
      cancelAnimationFrame(this.#drawing);
      this.#drawing = 0;
      offs.forEach((off) => off());
    };
  }

  async load(): Promise<void> {
    try {
      const [health, storage, places] = await Promise.all([
        get<Health[]>(`${V1}/cameras`),
        get<Storage>(`${V1}/storage`),
        get<PublicCamera[]>(`${V1}/public/cameras`),
        this.loadAlarms(),
        this.loadNotes(),
        this.loadViews(),
      ]);
      this.health = health;
      this.index.warm(health);
      this.places = places;
      this.storage = storage;
      this.storageAt = this.healthAt = Date.now();
      this.trouble = null;
    } catch (e) {
      this.trouble = e;
    }
  }
  async loadAlarms(): Promise<void> {
    const a = await get<{ alarms: Alarm[]; rate: AlarmRate }>(`${V1}/alarms`);
    this.alarms = a.alarms;
    this.rate = a.rate;
    this.alarmsAt = Date.now();
  }
  async loadNotes(): Promise<void> {
    this.notes = await get<ShiftNote[]>(`${V1}/ops/notes`);
  }
  async loadViews(): Promise<void> {
    this.views = await get<SavedView[]>(`${V1}/ops/views`);
  }
  async #again(): Promise<void> {
    await Promise.all([this.loadAlarms(), this.loadNotes()]).then(
      () => (this.trouble = null),
      (e: unknown) => (this.trouble = e),
    );
  }
  /** Many cameras change at once: they are put in together, once a frame. */
  #hear(some: Health[]): void {
    for (const h of some) this.#news.set(h.id, h);
    // A page in the background draws no frames; it still must not forget.
    if (document.hidden) this.#take();
    else this.#drawing ||= requestAnimationFrame(this.#take);
  }
  #take = (): void => {
    this.#drawing = 0;
    if (!this.loaded) return;
    const news = this.#news;
    this.#news = new Map();
    const unknown = [...news.keys()].some((id) => !this.byId.has(id));
    this.health = this.health.map((h) => news.get(h.id) ?? h);
    this.healthAt = Date.now();
    if (unknown) void this.load();
  };

  async acknowledge(a: Alarm): Promise<void> {
    await post(`${V1}/alarms/${a.id}/acknowledge`, undefined);
    await this.loadAlarms();
  }
  async shelve(a: Alarm, until: number, reason: string): Promise<void> {
    await put(`${V1}/alarms/${a.id}/shelf`, { until, reason });
    await this.loadAlarms();
  }
  async unshelve(a: Alarm): Promise<void> {
    await remove(`${V1}/alarms/${a.id}/shelf`);
    await this.loadAlarms();
  }
  async handOver(text: string): Promise<void> {
    await post(`${V1}/ops/notes`, { text });
    await this.loadNotes();
  }
  async keepView(v: SavedView): Promise<void> {
    await put(`${V1}/ops/views/${v.slot}`, { name: v.name, query: v.query });
    await this.loadViews();
  }
  async dropView(slot: number): Promise<void> {
    await remove(`${V1}/ops/views/${slot}`);
    await this.loadViews();
  }
  /** A camera's name, or its number where it is not known. */
  label(id: number): string {
    return this.byId.get(id)?.label ?? this.placeOf.get(id)?.label ?? String(id);
  }
}
export const ops = new Ops();
