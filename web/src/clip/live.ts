// A camera's live picture in an approved incident: sealed records as the recorder makes them,
// checked and decrypted here, drawn through Media Source Extensions. What was drawn is forgotten.
import { send, V1 } from '../api/call';
import type { Footage, ReleasedShare } from '../api/types';
import { namedRecorders } from '../log/recorders';
import { ChainChecker, RecorderKeys, SealBroken } from '../seal/chain';
import { openPiece, spanKey, type SpanKey } from '../seal/custody';
import type { OneTimeKey } from '../seal/hpke';
import { copy, gather, Kind, readRecord, RecordError, type SealRecord } from '../seal/record';
import { text, view, type Bytes } from '../seal/bytes';
import { placeAfter, readPiece } from './mp4';
import { CannotPlay, settled } from './player';

type KeyLines = Footage['recorder_keys'];
type Frame =
  | { is: 'keys'; keys: KeyLines }
  | { is: 'shares'; shares: ReleasedShare[] }
  | { is: 'record'; record: SealRecord }
  | { is: 'end'; why: string };

/** Most bytes of a frame that is no record: 4 MB would be a thousand shares too many. */
const JSON_MAX = 1 << 20;
/** Seconds that the picture may lag behind what has come. */
const LAG_S = 4;
/** Seconds kept behind the picture. */
const BEHIND_S = 10;
/** Pieces of a stream that this browser cannot decode, before it is said that there is no other. */
const UNPLAYABLE_MAX = 10;

/** docs/design/video.md, "Live": LGK1, LGS1, LGE1 are JSON behind a length, all else is a record. */
function readFrame(data: Bytes, at: number): { value: Frame; length: number } | null {
  if (data.length - at < 8) return null;
  const magic = String.fromCharCode(...data.subarray(at, at + 4));
  if (magic !== 'LGK1' && magic !== 'LGS1' && magic !== 'LGE1') {
    const r = readRecord(data, at);
    return r && { value: { is: 'record', record: copy(r) }, length: r.bytes.length };
  }
  const length = view(data).getUint32(at + 4);
  if (length > JSON_MAX) throw new RecordError('a frame is longer than the stream allows');
  if (data.length - at < 8 + length) return null;
  const said: unknown = JSON.parse(text(data.subarray(at + 8, at + 8 + length)));
  const value: Frame =
    magic === 'LGK1'
      ? { is: 'keys', keys: said as KeyLines }
      : magic === 'LGS1'
        ? { is: 'shares', shares: said as ReleasedShare[] }
        : { is: 'end', why: (said as { why: string }).why };
  return { value, length: 8 + length };
}

export interface LiveNews {
  checked(records: number): void;
  broken(e: SealBroken): void;
  failed(e: unknown): void;
  /** The stream's own end: `ended` (time, withdrawal, approval gone) or `slow`. */
  ended(why: string): void;
  running(): void;
}

export class LivePicture {
  /** The recorder's time of what is on the screen; null before the first picture. */
  get wall(): number | null {
    const t = this.#video.currentTime;
    const p = this.#places.findLast((x) => x.start <= t + 0.001);
    return p ? p.begin + (t - p.start) * 1e6 : null;
  }
  readonly #video: HTMLVideoElement;
  readonly #path: string;
  readonly #request: string;
  readonly #camera: number;
  readonly #oneTime: OneTimeKey;
  readonly #news: LiveNews;
  readonly #run = new AbortController();
  readonly #source = new MediaSource();
  readonly #url = URL.createObjectURL(this.#source);
  #buffer: SourceBuffer | null = null;
  #codec = '';
  #origin: number | null = null;
  #placedEnd: number | null = null;
  #places: { start: number; begin: number }[] = [];
  #track: number | null = null;
  #unplayable = 0;

  constructor(
    video: HTMLVideoElement,
    request: string,
    camera: number,
    oneTime: OneTimeKey,
    news: LiveNews,
  ) {
    this.#video = video;
    this.#request = request;
    this.#camera = camera;
    this.#path = `${V1}/requests/${request}/live/${camera}`;
    this.#oneTime = oneTime;
    this.#news = news;
    video.src = this.#url;
    video.requestVideoFrameCallback(() => news.running());
    void this.#follow();
  }

  close(): void {
    this.#run.abort();
    URL.revokeObjectURL(this.#url);
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#run;
    try {
      const res = await send(this.#path, { method: 'POST', signal });
      if (!res.body) throw new Error('the answer is empty');
      let chain: ChainChecker | null = null;
      let shares: ReleasedShare[] = [];
      let key: SpanKey | null = null;
      for await (const frame of gather(res.body, readFrame)) {
        if (signal.aborted) return;
        if (frame.is === 'keys') {
          // As for opened footage: the public log must name the key.
          await namedRecorders(frame.keys);
          chain = new ChainChecker(this.#camera, await RecorderKeys.read(frame.keys));
        }
        if (frame.is === 'shares') shares = frame.shares;
        if (frame.is === 'end') return this.#end(frame.why);
        if (frame.is === 'record') {
          if (!chain) throw new RecordError('a record came before the recorders’ keys');
          const { record } = frame;
          await chain.check(record);
          this.#news.checked(chain.checked);
          if (record.kind === Kind.SpanOpen) {
            key = await spanKey(shares, this.#request, this.#oneTime, record);
          }
          if (record.kind === Kind.Piece && key?.span === record.span) {
            await this.#draw(await openPiece(key.aes, record), record);
          }
        }
      }
      // The connection broke without last words: the page offers to begin again.
      this.#end('cut');
    } catch (e) {
      if (signal.aborted) return;
      this.close();
      if (e instanceof SealBroken) this.#news.broken(e);
      else this.#news.failed(e);
    }
  }

  /** Nothing stays on the screen when the view is over. */
  #end(why: string): void {
    this.close();
    this.#news.ended(why);
  }

  async #draw(plain: Bytes, record: SealRecord): Promise<void> {
    if (this.#track !== null && record.track !== this.#track) return;
    const p = readPiece(plain);
    const type = `video/mp4; codecs="${p.codec}"`;
    if (!MediaSource.isTypeSupported(type)) {
      // An H.265 camera's H.264 sub-stream comes beside it.
      this.#unplayable += 1;
      if (this.#unplayable > UNPLAYABLE_MAX) throw new CannotPlay(p.codec);
      return;
    }
    this.#track = record.track;
    const buffer = await this.#ready(type);
    this.#origin ??= record.begin;
    const start = placeAfter(this.#placedEnd, record.begin - this.#origin) / 1e6;
    const length = p.duration / p.timescale;
    buffer.timestampOffset = start - p.decodeTime / p.timescale;
    await settled(buffer, () => buffer.appendBuffer(plain));
    this.#placedEnd = (start + length) * 1e6;
    this.#places = [...this.#places.slice(-60), { start, begin: record.begin }];
    await this.#keepUp(buffer, start, start + length);
  }

  async #ready(type: string): Promise<SourceBuffer> {
    if (this.#source.readyState === 'closed') {
      await new Promise((ok) => this.#source.addEventListener('sourceopen', ok, { once: true }));
    }
    this.#buffer ??= this.#source.addSourceBuffer(type);
    // A camera may change its picture size while it runs.
    if (this.#codec && this.#codec !== type) this.#buffer.changeType(type);
    this.#codec = type;
    return this.#buffer;
  }

  /** Stays near the newest picture, steps over gaps, forgets what was shown. */
  async #keepUp(buffer: SourceBuffer, start: number, end: number): Promise<void> {
    const v = this.#video;
    const lags = end - v.currentTime > Math.max(LAG_S, 2 * (end - start));
    if (v.paused || lags) v.currentTime = start + 0.001;
    if (v.paused) {
      await v.play().catch((e: unknown) => {
        if (!(e instanceof DOMException && e.name === 'AbortError')) throw e;
      });
    }
    const old = v.currentTime - BEHIND_S;
    if (old > 1 && buffer.buffered.length && buffer.buffered.start(0) < old) {
      await settled(buffer, () => buffer.remove(0, old));
    }
  }
}
