// Plays opened footage of one camera through Media Source Extensions, at the moment that a `Moment`
// tells. A piece reaches the video element only after its record's signature, place and link were
// checked and its span key matched the commitment.
import { post, V1 } from '../api/call';
import { SealBroken } from '../seal/chain';
import { Kind } from '../seal/record';
import { limits, mediaAt, pull, stretchAt, wallAt, within } from './clock';
import type { Place, Stretch } from './clock';
import type { CameraFootage, Segment } from './footage';
import { placeAfter, readPiece, type Piece } from './mp4';

export interface PlayerNews {
  checked(records: number): void;
  broken(e: SealBroken): void;
  failed(e: unknown): void;
  /** Milliseconds from the click to the first drawn frame. */
  firstFrame(ms: number): void;
}

/** How far a frame may lie from the moment that was meant: jitter that the player closed up. */
const REACH_S = 0.3;
/** The end of a stretch, where the video's last frame may come before the record's end. */
const LAST_US = 5e5;
const STRAY_US = 1e6;
/** Behind a frame's first instant, so that rounding does not show the one before. */
const INTO_FRAME_S = 0.001;

export class Player {
  readonly stretches: Stretch[];
  readonly sub: boolean;
  frame = 0.04;
  /** Until a seal breaks or the footage cannot be shown. */
  alive = true;
  /** Loads nothing: not begun yet, or the moment lies where this camera has nothing. */
  parked = true;
  limits = limits(1);
  readonly #origin: number;
  readonly #duration: number;
  #asked = 0;
  #buffer: SourceBuffer | null = null;
  #source: MediaSource | null = null;
  #url = '';
  #placedEnd: number | null = null;
  #places: Place[] = [];
  #run: AbortController | null = null;
  #pumping: Promise<void> = Promise.resolve();
  #wake: (() => void) | null = null;
  /** The moment that was asked for and is not on the screen yet. */
  #mark: { at: number; logged: boolean } | null = null;
  /** The moment that was asked for last. */
  #goal = 0;
  #drawn: number | null = null;
  readonly #video: HTMLVideoElement;
  readonly #footage: CameraFootage;
  readonly #request: string;
  readonly #news: PlayerNews;

  constructor(video: HTMLVideoElement, footage: CameraFootage, request: string, news: PlayerNews) {
    this.#video = video;
    this.#footage = footage;
    this.#request = request;
    this.#news = news;
    // An H.265 camera's H.264 sub-stream is sealed beside it as track 1: pages show that one.
    this.sub = footage.hasSub;
    this.stretches = footage.stretches;
    this.#origin = this.stretches[0]?.begin ?? 0;
    this.#duration = ((this.stretches.at(-1)?.end ?? this.#origin) - this.#origin) / 1e6;
  }

  /** The recorder's time at which the video stands. */
  get wall(): number {
    return wallAt(this.#places, this.#video.currentTime, this.#origin);
  }
  /** The recorder's time of the frame that was drawn last; null before the first. */
  get drawn(): number | null {
    return this.#drawn;
  }
  has(at: number): boolean {
    return stretchAt(this.stretches, at) !== null;
  }
  /** Whether the others have to wait: the log, the footage or the decoder is not there yet. */
  waits(at: number): boolean {
    if (this.#mark) return true;
    const v = this.#video;
    const ready = v.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA && !v.seeking;
    if (ready && this.#near(at) !== null) return false;
    const s = stretchAt(this.stretches, at);
    const loaded = this.#places.at(-1);
    const to = loaded ? loaded.begin + (loaded.end - loaded.start) * 1e6 : 0;
    const whole = s && to >= s.end - LAST_US;
    return !(whole && at >= s.end - LAST_US);
  }

  /** Goes to a moment that the reader asked for. The access log has the line before a frame of it
   *  is drawn; the footage is fetched meanwhile. */
  load(at: number, act: 'play' | 'seek'): void {
    if (!this.alive) return;
    const mark = { at, logged: false };
    this.#mark = mark;
    this.#goal = at;
    const body = { act, at_position: Math.round(at) };
    const noted = post(`${V1}/requests/${this.#request}/access`, body).then(() => {
      mark.logged = true;
      this.#arrive();
    });
    noted.catch((e: unknown) => this.#fail(e));
    const loaded = !this.parked && this.#near(at) !== null;
    this.parked = false;
    if (loaded) return;
    if (!this.#source) this.#open();
    this.#video.currentTime = mediaAt([], at, this.#origin);
    this.#stop();
    const run = (this.#run = new AbortController());
    const first = this.#footage.segments.findLastIndex((s) => s.begin <= at);
    const segments = this.#footage.segments.slice(Math.max(0, first));
    this.#pumping = this.#pumping
      .then(() => this.#clear())
      .then(() => this.#pump(segments, noted, run.signal));
  }
  /** Shows a moment near by, such as the next frame: no line of the log where it is loaded. */
  show(at: number): void {
    if (!this.alive || this.#mark) return;
    if (this.parked || this.#near(at) === null) this.load(at, 'seek');
    else this.#align(at);
  }
  /** One beat: plays near the moment, or stands. */
  follow(at: number, playing: boolean): void {
    const v = this.#video;
    if (this.#mark || !playing) {
      v.pause();
      if (!this.#mark) this.#align(at);
      return;
    }
    const todo = pull((this.wall - at) / 1e6, this.frame);
    if (todo === 'jump') this.#align(at);
    else v.playbackRate = todo.rate;
    if (v.paused) v.play().catch((e: unknown) => this.#refused(e));
  }
  /** Nothing is recorded at this moment: stands where it goes on, so that it loads from there. */
  rest(next: number | null): void {
    this.#video.pause();
    if (next === null || this.parked || this.#mark) return;
    const t = mediaAt(this.#places, next, this.#origin) + INTO_FRAME_S;
    if (this.#video.currentTime < t - REACH_S) this.#video.currentTime = t;
  }
  park(): void {
    this.#video.pause();
    this.#stop();
    this.#mark = null;
    this.parked = true;
    this.#pumping = this.#pumping.then(() => this.#clear());
  }
  /** Wakes the loader when there is room again. */
  tend(): void {
    if (this.#ahead() < this.limits.ahead) this.#wake?.();
  }
  close(): void {
    this.alive = false;
    this.#stop();
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #open(): void {
    this.#asked = performance.now();
    this.#source = new MediaSource();
    this.#url = URL.createObjectURL(this.#source);
    this.#video.src = this.#url;
    const drawn = (_: number, frame: VideoFrameCallbackMetadata) => {
      if (!this.alive) return;
      this.#video.requestVideoFrameCallback(drawn);
      const wall = wallAt(this.#places, frame.mediaTime, this.#origin);
      // On the way to the moment a video may show its very beginning: that is not yet the picture.
      const stray = this.#drawn === null && Math.abs(wall - this.#goal) > STRAY_US;
      if (this.#mark || stray) return;
      if (this.#drawn === null) this.#news.firstFrame(performance.now() - this.#asked);
      this.#drawn = wall;
    };
    this.#video.requestVideoFrameCallback(drawn);
  }
  #stop(): void {
    this.#run?.abort();
    this.#wake?.();
  }
  #refused(e: unknown): void {
    if (!(e instanceof DOMException && e.name === 'AbortError')) this.#fail(e);
  }
  /** The media time of a moment, when it is loaded. */
  #near(at: number): number | null {
    const t = mediaAt(this.#places, at, this.#origin) + INTO_FRAME_S;
    return within(this.#ranges(), t, REACH_S);
  }
  /** Shows what was asked for, once the log has its line and its footage is loaded. */
  #arrive(): void {
    if (!this.#mark?.logged || !this.alive) return;
    const { at } = this.#mark;
    if (this.#near(at) === null) return;
    this.#mark = null;
    this.#align(at);
  }
  #align(at: number): void {
    const t = this.#near(at);
    const v = this.#video;
    if (t !== null && Math.abs(v.currentTime - t) > 2 * INTO_FRAME_S) v.currentTime = t;
  }

  /** What was loaded elsewhere goes: only what is near the moment is held. */
  async #clear(): Promise<void> {
    const buffer = this.#buffer;
    [this.#placedEnd, this.#places] = [null, []];
    if (!buffer?.buffered.length || !this.alive) return;
    await settled(buffer, () => buffer.remove(0, Infinity)).catch((e: unknown) => this.#fail(e));
  }
  async #pump(segments: Segment[], noted: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const track = this.sub ? 1 : 0;
    let mayDraw = false;
    try {
      for (const s of segments) {
        await this.#room(signal);
        for await (const { record, plain } of this.#footage.read(s, track, signal)) {
          this.#news.checked(this.#footage.checked);
          if (record.kind !== Kind.Piece || !plain) continue;
          // Nothing is drawn before the access log has the line.
          if (!mayDraw) await noted;
          mayDraw = true;
          if (signal.aborted) return;
          if (record.end < this.#goal - this.limits.behind * 1e6) continue;
          await this.#append(plain, record.begin);
        }
      }
      if (signal.aborted) return;
      if (this.#source?.readyState === 'open') this.#source.endOfStream();
      this.#mark = null;
    } catch (e) {
      if (!signal.aborted) this.#fail(e);
    }
  }

  async #append(plain: Uint8Array<ArrayBuffer>, begin: number): Promise<void> {
    const p = readPiece(plain);
    const buffer = await this.#ready(p);
    const start = placeAfter(this.#placedEnd, begin - this.#origin) / 1e6;
    const length = p.duration / p.timescale;
    buffer.timestampOffset = start - p.decodeTime / p.timescale;
    if (p.samples) this.frame = length / p.samples;
    await this.#feed(buffer, plain);
    this.#placedEnd = (start + length) * 1e6;
    this.#places.push({ start, end: start + length, begin });
    this.#arrive();
  }

  async #ready(p: Piece): Promise<SourceBuffer> {
    const source = this.#source!;
    if (source.readyState === 'closed') {
      await new Promise((ok) => source.addEventListener('sourceopen', ok, { once: true }));
    }
    const type = `video/mp4; codecs="${p.codec}"`;
    if (this.#buffer) return this.#buffer;
    if (!MediaSource.isTypeSupported(type)) throw new CannotPlay(p.codec);
    this.#buffer = source.addSourceBuffer(type);
    source.duration = this.#duration;
    return this.#buffer;
  }

  async #feed(buffer: SourceBuffer, data: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await settled(buffer, () => buffer.appendBuffer(data));
    } catch (e) {
      if (!(e instanceof DOMException && e.name === 'QuotaExceededError')) throw e;
      await this.#forget(buffer, 5);
      await settled(buffer, () => buffer.appendBuffer(data));
    }
  }
  async #forget(buffer: SourceBuffer, keep: number): Promise<void> {
    const until = this.#video.currentTime - keep;
    if (until > 1 && buffer.buffered.length && buffer.buffered.start(0) < until) {
      await settled(buffer, () => buffer.remove(0, until));
    }
  }

  /** Waits until the picture has come near enough to what is loaded. */
  async #room(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#ahead() > this.limits.ahead) {
      await new Promise<void>((ok) => (this.#wake = ok));
    }
    signal.throwIfAborted();
    const buffer = this.#buffer;
    if (buffer && !buffer.updating) await this.#forget(buffer, this.limits.behind);
  }
  #ranges(): [number, number][] {
    const b = this.#video.buffered;
    return Array.from({ length: b.length }, (_, i) => [b.start(i), b.end(i)]);
  }
  /** Seconds loaded from here on, over all gaps. */
  #ahead(): number {
    const t = this.#video.currentTime;
    const left = this.#ranges().map(([start, end]) => Math.max(0, end - Math.max(start, t)));
    return left.reduce((sum, s) => sum + s, 0);
  }

  #fail(e: unknown): void {
    if (!this.alive) return;
    this.alive = false;
    this.#stop();
    this.#mark = null;
    this.#video.pause();
    if (e instanceof SealBroken) {
      // What was drawn was whole; from here on nothing is.
      this.#video.removeAttribute('src');
      this.#video.load();
      this.#news.broken(e);
    } else this.#news.failed(e);
  }
}

export class CannotPlay extends Error {
  readonly codec: string;
  constructor(codec: string) {
    super(codec);
    this.codec = codec;
  }
}

/** Does something to a buffer and waits until the browser has finished it. */
export function settled(buffer: SourceBuffer, act: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const once = { once: true, signal: stop.signal };
    buffer.addEventListener('updateend', () => (stop.abort(), resolve()), once);
    buffer.addEventListener('error', () => (stop.abort(), reject(new Error('the browser could not read this video'))), once);
    try {
      act();
    } catch (e) {
      stop.abort();
      reject(e instanceof Error ? e : new Error(String(e)));
    }
  });
}
