// What was opened: released shares, the list of records, and one checked way to read them. Both the
// player and the export go through here, so neither can see a piece whose chain was not checked
// first.
import { get, send, V1 } from '../api/call';
import type { AccessRequest, Footage, RecordRow, ReleasedShare, Timeline } from '../api/types';
import type { LogKey } from '../log/checkpoint';
import { namedRecorders } from '../log/recorders';
import { ChainChecker, RecorderKeys } from '../seal/chain';
import { KeyRefused, openPiece, spanKey, type SpanKey } from '../seal/custody';
import type { OneTimeKey } from '../seal/hpke';
import { Kind, streamRecords, type SealRecord } from '../seal/record';
import { holes, stretchesOf, type Stretch } from './clock';

/** A run of records that is fetched in one answer: from one span-open up to the next. */
export interface Segment {
  first: number;
  last: number;
  begin: number;
  end: number;
}

export interface Opened {
  record: SealRecord;
  /** Decrypted piece; null for other records and for tracks not asked for. */
  plain: Uint8Array<ArrayBuffer> | null;
}

export class CameraFootage {
  readonly camera: number;
  readonly rows: RecordRow[];
  readonly segments: Segment[];
  /** Records checked so far; one that is read again counts again. */
  checked = 0;
  readonly #chain: ChainChecker;
  readonly spanKeys = new Map<number, SpanKey>();
  /** Where there is something to see, by the track that pages show. */
  readonly stretches: Stretch[];
  readonly #from: OpenedFootage;

  constructor(from: OpenedFootage, camera: number, rows: RecordRow[], keys: RecorderKeys) {
    this.#from = from;
    this.camera = camera;
    this.rows = rows.toSorted((a, b) => a.seq - b.seq);
    this.#chain = new ChainChecker(camera, keys);
    this.segments = segmentsOf(this.rows);
    this.stretches = stretchesOf(this.pieces(this.hasSub ? 1 : 0));
  }

  pieces(track: number): RecordRow[] {
    return this.rows.filter((r) => r.kind === 'piece' && r.track === track);
  }
  get hasSub(): boolean {
    return this.rows.some((r) => r.kind === 'piece' && r.track === 1);
  }

  /** The lane of a scrubber: what was opened, and where nothing was recorded in between. */
  get line(): Timeline {
    const spans = new Map<number, Timeline['spans'][number]>();
    for (const r of this.pieces(this.hasSub ? 1 : 0)) {
      const { span, begin, end } = { ...r, span: r.span ?? 0 };
      const s = spans.get(span);
      if (s) s.end = Math.max(s.end, end);
      else spans.set(span, { span, begin, end, state: 'opened' });
    }
    const gaps = holes(this.stretches).map((h) => ({ ...h, reason: 'nothing' }));
    return { spans: [...spans.values()], gaps };
  }

  /** Streams one segment: every record is checked before its piece is opened and handed on. */
  async *read(s: Segment, track: number, signal: AbortSignal): AsyncGenerator<Opened> {
    const path = `${V1}/requests/${this.#from.request.id}/footage/${this.camera}?first_seq=${s.first}&last_seq=${s.last}`;
    const res = await send(path, { signal });
    if (!res.body) throw new Error('the answer is empty');
    const chain = this.#chain.run();
    let first = true;
    for await (const record of streamRecords(res.body)) {
      if (first && record.seq !== s.first) throw new Error(`the server sent record ${record.seq} instead of ${s.first}`);
      first = false;
      await chain.check(record);
      this.checked += 1;
      if (record.kind === Kind.SpanOpen) await this.#open(record);
      const wanted = record.kind === Kind.Piece && record.track === track;
      const key = wanted ? this.spanKeys.get(record.span) : undefined;
      if (wanted && !key) throw new KeyRefused(record.span, 'missing_share');
      yield { record, plain: key ? await openPiece(key.aes, record) : null };
    }
    chain.finish(s.last);
  }

  async #open(record: SealRecord): Promise<void> {
    if (this.spanKeys.has(record.span)) return;
    const { released, request, oneTime } = this.#from;
    this.spanKeys.set(record.span, await spanKey(released, request.id, oneTime, record));
  }
}

function segmentsOf(rows: RecordRow[]): Segment[] {
  const out: Segment[] = [];
  for (const r of rows) {
    const last = out[out.length - 1];
    // A hole in the list (spans that were not asked for) begins a new run as well.
    if (!last || r.kind === 'span_open' || r.seq !== last.last + 1) {
      out.push({ first: r.seq, last: r.seq, begin: r.begin, end: r.end });
    } else {
      last.last = r.seq;
      last.end = Math.max(last.end, r.end);
    }
  }
  return out;
}

export class OpenedFootage {
  readonly request: AccessRequest;
  readonly oneTime: OneTimeKey;
  readonly released: ReleasedShare[];
  readonly recorderKeys: Footage['recorder_keys'];
  /** The log that names the recorders' keys, as checked here. */
  readonly logKey: LogKey;
  readonly cameras: CameraFootage[];

  private constructor(
    request: AccessRequest,
    oneTime: OneTimeKey,
    released: ReleasedShare[],
    f: Footage,
    keys: RecorderKeys,
    logKey: LogKey,
  ) {
    this.request = request;
    this.oneTime = oneTime;
    this.released = released;
    this.recorderKeys = f.recorder_keys;
    this.logKey = logKey;
    this.cameras = f.cameras.map((c) => new CameraFootage(this, c.camera, c.records, keys));
  }

  static async load(request: AccessRequest, oneTime: OneTimeKey): Promise<OpenedFootage> {
    const [shares, footage] = await Promise.all([
      get<{ released: ReleasedShare[] }>(`${V1}/requests/${request.id}/shares`),
      get<Footage>(`${V1}/requests/${request.id}/footage`),
    ]);
    // Not the server's word: the log must name the key, or nothing that it signed is shown.
    const logKey = await namedRecorders(footage.recorder_keys);
    const keys = await RecorderKeys.read(footage.recorder_keys);
    return new OpenedFootage(request, oneTime, shares.released, footage, keys, logKey);
  }
}
