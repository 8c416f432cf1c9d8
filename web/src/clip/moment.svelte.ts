// One moment on up to four screens: a clock in the recorder's time that all players follow. It
// waits until all who have the moment can show it, and steps over what none of them has.
import { beat, lastEnd, limits, nextBegin } from './clock';
import type { Player } from './player';

export const SCREENS_MAX = 4;
const BEAT_MS = 50;
/** A browser that slept does not make up for it. */
const BEAT_MAX_US = 1.5e6;
/** A camera that begins this soon is loaded now. */
const SOON_US = 4e6;
/** Nearer to the end there is nothing left to play. */
const END_US = 2e5;

export class Moment {
  /** The recorder's time, microseconds. */
  at = $state(0);
  playing = $state(false);
  /** Whether the reader has pressed "play" at all; before, nothing is fetched. */
  started = $state(false);
  /** Counts the beats: what the players know is read anew with each. */
  beats = $state(0);
  /** Whether a first frame has been drawn. */
  drew = $state(false);
  /** How many cameras are still alive, of those added. */
  alive = $state(0);
  #players: Player[] = [];
  #last = performance.now();
  readonly #timer = setInterval(() => this.#beat(), BEAT_MS);

  constructor(at: number) {
    this.at = at;
  }
  add(player: Player): void {
    this.#players.push(player);
    this.#share();
  }
  remove(player: Player): void {
    this.#players = this.#players.filter((p) => p !== player);
    this.#share();
  }
  close(): void {
    clearInterval(this.#timer);
  }

  play(): void {
    const lists = this.#lists();
    if (!lists.length) return;
    // At the end it begins anew.
    if (!lists.some((l) => l.some((s) => s.end > this.at + END_US))) {
      this.seek(nextBegin(lists, -Infinity) ?? this.at);
    }
    this.started = true;
    this.playing = true;
    this.#last = performance.now();
    this.#beat();
  }
  pause(): void {
    if (!this.playing) return;
    this.playing = false;
    // All stand at the moment of one of them, which then need not move.
    const lead = this.#here().find((p) => !p.waits(this.at));
    if (lead?.has(lead.wall)) this.at = lead.wall;
    this.#beat();
  }
  /** The next or the last frame of the camera that has most of them. */
  step(frames: number): void {
    if (!this.started) return;
    this.pause();
    const here = this.#here();
    const frame = Math.min(...here.map((p) => p.frame)) * 1e6;
    const to = here.length ? this.at + frames * frame : this.at;
    const lists = this.#lists();
    if (this.#living().some((p) => p.has(to))) this.at = to;
    else if (frames > 0) this.at = nextBegin(lists, this.at) ?? this.at;
    else this.at = (lastEnd(lists, this.at) ?? this.at + 4e4) - 4e4;
    for (const p of this.#here()) p.show(this.at);
  }
  seek(to: number): void {
    const at = this.#inside(to);
    this.at = at;
    if (!this.started) return;
    for (const p of this.#living()) {
      if (p.has(at)) p.load(at, 'seek');
      else p.park();
    }
  }

  /** A moment between the first frame of all and the last one. */
  #inside(at: number): number {
    const lists = this.#lists();
    const first = nextBegin(lists, -Infinity) ?? at;
    return Math.max(first, Math.min(at, (lastEnd(lists, Infinity) ?? at) - 1));
  }
  #living(): Player[] {
    return this.#players.filter((p) => p.alive);
  }
  #here(): Player[] {
    return this.#living().filter((p) => p.has(this.at));
  }
  #lists() {
    return this.#living().map((p) => p.stretches);
  }
  #share(): void {
    for (const p of this.#players) p.limits = limits(this.#players.length);
    this.alive = this.#living().length;
  }

  #beat(): void {
    const now = performance.now();
    const passed = Math.min((now - this.#last) * 1000, BEAT_MAX_US);
    this.#last = now;
    this.beats += 1;
    const living = this.#living();
    this.alive = living.length;
    if (!this.started) return;
    for (const p of living) this.#begin(p);
    let running = this.playing;
    if (this.playing) {
      const screens = living.map((p) => ({ stretches: p.stretches, waits: p.waits(this.at) }));
      const b = beat(this.at, passed, screens);
      // At the end the last frame stays.
      this.at = b.over ? this.#inside(b.at) : b.at;
      if (b.over) this.playing = false;
      running = !b.waiting && !b.over;
    }
    for (const p of living) {
      if (p.has(this.at)) p.follow(this.at, running);
      else p.rest(this.playing ? nextBegin([p.stretches], this.at) : null);
      p.tend();
    }
  }
  /** A camera whose footage begins now or soon is played from there. */
  #begin(p: Player): void {
    if (!p.parked) return;
    if (p.has(this.at)) return p.load(this.at, 'play');
    const next = this.playing ? nextBegin([p.stretches], this.at) : null;
    if (next !== null && next - this.at < SOON_US) p.load(next, 'play');
  }
}
