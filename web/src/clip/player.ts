// Plays opened footage through Media Source Extensions. A piece reaches the video element only after its
// record's signature, place and link were checked and its span key matched the commitment.
import { post, V1 } from '../api/call';
import { SealBroken } from '../seal/chain';
import { Kind } from '../seal/record';
import type { CameraFootage, Segment } from './footage';
import { placeAfter, readPiece, type Piece } from './mp4';

export interface PlayerNews {
  checked(records: number): void;
  broken(e: SealBroken): void;
  failed(e: unknown): void;
  /** Milliseconds from the click to the first drawn frame. */
  firstFrame(ms: number): void;
}

/** Seconds fetched ahead of the picture. */
const AHEAD_S = 20;
/** Seconds kept behind it for stepping back. */
const BEHIND_S = 30;

export class Player {
  readonly origin: number;
  readonly duration: number;
  readonly sub: boolean;
  frame = 0.04;
  #asked = 0;
  #first = true;
  #buffer: SourceBuffer | null = null;
  #source: MediaSource | null = null;
  #url = '';
  #placedEnd: number | null = null;
  #places: { start: number; end: number; begin: number }[] = [];
  #run: AbortController | null = null;
  #stopped = false;
  #wake: (() => void) | null = null;
  readonly #video: HTMLVideoElement;
  readonly #footage: CameraFootage;
  readonly #request: string;
  readonly #news: PlayerNews;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(video: HTMLVideoElement, footage: CameraFootage, request: string, news: PlayerNews) {
    this.#video = video;
    this.#footage = footage;
    this.#request = request;
    this.#news = news;
    // An H.265 camera's H.264 sub-stream is sealed beside it as track 1: pages show that one.
    this.sub = footage.hasSub;
    const pieces = footage.pieces(this.sub ? 1 : 0);
    this.origin = pieces[0]?.begin ?? 0;
    this.duration = ((pieces.at(-1)?.end ?? this.origin) - this.origin) / 1e6;
    this.#timer = setInterval(() => this.#tick(), 200);
  }

  /** The recorder's time of what is on the screen. */
  get wall(): number {
    const t = this.#video.currentTime;
    const p = this.#places.findLast((x) => x.start <= t + 0.001 && t < x.end + 0.5);
    return p ? p.begin + (t - p.start) * 1e6 : this.origin + t * 1e6;
  }
  get started(): boolean {
    return this.#source !== null;
  }

  async play(): Promise<void> {
    if (this.#stopped) return;
    if (!this.#source) {
      this.#asked = performance.now();
      this.#open();
      void this.#pump(this.#footage.segments, this.#note('play'));
    }
    await this.#video.play().catch((e: unknown) => {
      if (!(e instanceof DOMException && e.name === 'AbortError')) this.#fail(e);
    });
  }
  pause(): void {
    this.#video.pause();
  }
  step(frames: number): void {
    if (!this.#source || this.#stopped) return;
    this.#video.pause();
    this.#video.currentTime = Math.max(0, Math.min(this.duration, this.#video.currentTime + frames * this.frame));
  }
  seek(seconds: number): void {
    if (!this.#source || this.#stopped) return;
    const v = this.#video;
    v.currentTime = Math.max(0, Math.min(this.duration - 0.05, seconds));
    const noted = this.#note('seek');
    if (this.#buffered(v.currentTime)) return;
    const wall = this.origin + v.currentTime * 1e6;
    const at = this.#footage.segments.findLastIndex((s) => s.begin <= wall);
    this.#placedEnd = null;
    void this.#pump(this.#footage.segments.slice(Math.max(0, at)), noted);
  }
  close(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#run?.abort();
    this.#wake?.();
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #open(): void {
    this.#source = new MediaSource();
    this.#url = URL.createObjectURL(this.#source);
    this.#video.src = this.#url;
    this.#video.requestVideoFrameCallback(() => this.#news.firstFrame(performance.now() - this.#asked));
  }
  #note(act: 'play' | 'seek'): Promise<unknown> {
    const at_position = Math.round(this.origin + this.#video.currentTime * 1e6);
    return post(`${V1}/requests/${this.#request}/access`, { act, at_position });
  }

  async #pump(segments: Segment[], noted: Promise<unknown>): Promise<void> {
    this.#run?.abort();
    const run = (this.#run = new AbortController());
    const track = this.sub ? 1 : 0;
    let mayDraw = false;
    try {
      noted.catch(() => undefined);
      for (const s of segments) {
        await this.#room(run.signal);
        for await (const { record, plain } of this.#footage.read(s, track, run.signal)) {
          this.#news.checked(this.#footage.chain.checked);
          if (record.kind !== Kind.Piece || !plain) continue;
          // Nothing is drawn before the access log has the line.
          if (!mayDraw) await noted;
          mayDraw = true;
          if (run.signal.aborted) return;
          await this.#append(plain, record.begin);
        }
      }
      if (this.#source?.readyState === 'open') this.#source.endOfStream();
    } catch (e) {
      if (!run.signal.aborted) this.#fail(e);
    }
  }

  async #append(plain: Uint8Array<ArrayBuffer>, begin: number): Promise<void> {
    const p = readPiece(plain);
    const buffer = await this.#ready(p);
    const start = placeAfter(this.#placedEnd, begin - this.origin) / 1e6;
    const length = p.duration / p.timescale;
    buffer.timestampOffset = start - p.decodeTime / p.timescale;
    if (p.samples) this.frame = length / p.samples;
    await this.#feed(buffer, plain);
    this.#placedEnd = (start + length) * 1e6;
    this.#places.push({ start, end: start + length, begin });
    this.#places.sort((a, b) => a.start - b.start);
    if (this.#first) {
      this.#first = false;
      if (this.#video.currentTime < start) this.#video.currentTime = start;
    }
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
    source.duration = this.duration;
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
    while (!signal.aborted && this.#ahead() > AHEAD_S) await new Promise<void>((ok) => (this.#wake = ok));
    if (this.#buffer && !this.#buffer.updating) await this.#forget(this.#buffer, BEHIND_S);
    signal.throwIfAborted();
  }
  #ahead(): number {
    const b = this.#video.buffered;
    const t = this.#video.currentTime;
    for (let i = 0; i < b.length; i += 1) if (b.start(i) <= t + 0.1 && t < b.end(i)) return b.end(i) - t;
    return 0;
  }
  #buffered(t: number): boolean {
    const b = this.#video.buffered;
    for (let i = 0; i < b.length; i += 1) if (b.start(i) <= t && t < b.end(i) - 0.05) return true;
    return false;
  }

  /** Wakes the loader, and steps over a gap in the recording when the picture stands before one. */
  #tick(): void {
    if (this.#ahead() < AHEAD_S) this.#wake?.();
    const v = this.#video;
    if (v.paused || !this.#source || this.#buffered(v.currentTime)) return;
    const track = this.sub ? 1 : 0;
    const wall = this.origin + v.currentTime * 1e6;
    const here = this.#footage.rows.some(
      (r) => r.kind === 'piece' && r.track === track && r.begin <= wall + 3e5 && wall < r.end - 3e5,
    );
    if (here) return;
    for (let i = 0; i < v.buffered.length; i += 1) {
      if (v.buffered.start(i) > v.currentTime) {
        v.currentTime = v.buffered.start(i) + 0.001;
        return;
      }
    }
  }

  #fail(e: unknown): void {
    this.#stopped = true;
    this.#run?.abort();
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
