// Reads the fragmented MP4 of one piece (ISO/IEC 14496-12) just as far as playing and joining need
// it, and joins pieces byte-exact: sample data is never touched, only sequence numbers and decode
// times.
import { join, same, u32, u64, view, type Bytes } from '../seal/bytes';

export interface Box {
  type: string;
  at: number;
  size: number;
  /** Where the content begins. */
  body: number;
}

const name4 = (d: Uint8Array, at: number): string => String.fromCharCode(...d.subarray(at, at + 4));

export function boxes(d: Uint8Array, from = 0, to = d.length): Box[] {
  const out: Box[] = [];
  const v = view(d);
  for (let at = from; at + 8 <= to; ) {
    let size = v.getUint32(at);
    let body = at + 8;
    if (size === 1) {
      if (at + 16 > to) throw new Error('an MP4 box is cut short');
      size = Number(v.getBigUint64(at + 8));
      body = at + 16;
    } else if (size === 0) size = to - at;
    if (size < body - at || at + size > to) throw new Error('an MP4 box is cut short');
    out.push({ type: name4(d, at + 4), at, size, body });
    at += size;
  }
  return out;
}

function child(d: Uint8Array, parent: Box | null, type: string): Box | null {
  const list = parent ? boxes(d, parent.body, parent.at + parent.size) : boxes(d);
  return list.find((b) => b.type === type) ?? null;
}
function path(d: Uint8Array, ...types: string[]): Box | null {
  let b: Box | null = null;
  for (const t of types) {
    b = child(d, b, t);
    if (!b) return null;
  }
  return b;
}

export interface Piece {
  /** ftyp + moov */
  init: Bytes;
  /** moof + mdat, in order */
  fragments: { moof: Bytes; mdat: Bytes }[];
  codec: string;
  trackId: number;
  timescale: number;
  /** First decode time, in timescale units. */
  decodeTime: number;
  /** Sum of sample durations, in timescale units. */
  duration: number;
  samples: number;
}

const hex2 = (n: number | undefined): string => (n ?? 0).toString(16).padStart(2, '0').toUpperCase();

/** RFC 6381 name of the sample entry: avc1.PPCCLL (ISO/IEC 14496-15) or hvc1…. */
function codecName(d: Bytes): string {
  const stsd = path(d, 'moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd');
  if (!stsd) throw new Error('the piece has no sample description');
  const entry = boxes(d, stsd.body + 8, stsd.at + stsd.size)[0];
  if (!entry) throw new Error('the piece has no sample entry');
  // VisualSampleEntry: 78 bytes of fixed fields, then boxes.
  const inner = boxes(d, entry.body + 78, entry.at + entry.size);
  const avcC = inner.find((b) => b.type === 'avcC');
  if (avcC) {
    const c = d.subarray(avcC.body);
    return `${entry.type}.${hex2(c[1])}${hex2(c[2])}${hex2(c[3])}`;
  }
  const hvcC = inner.find((b) => b.type === 'hvcC');
  if (hvcC) {
    const c = d.subarray(hvcC.body);
    const flags = view(c).getUint32(2);
    let turned = 0;
    for (let i = 0; i < 32; i += 1) if (flags & (1 << i)) turned |= 1 << (31 - i);
    const tier = (c[1] ?? 0) & 0x20 ? 'H' : 'L';
    return `${entry.type}.${(c[1] ?? 0) & 31}.${(turned >>> 0).toString(16)}.${tier}${c[12]}.B0`;
  }
  return entry.type;
}

export function readPiece(d: Bytes): Piece {
  const top = boxes(d);
  const moov = top.find((b) => b.type === 'moov');
  const mdhd = path(d, 'moov', 'trak', 'mdia', 'mdhd');
  const tkhd = path(d, 'moov', 'trak', 'tkhd');
  if (!moov || !mdhd || !tkhd) throw new Error('the piece does not begin with a movie header');
  const v = view(d);
  const timescale = v.getUint32(mdhd.body + (d[mdhd.body] === 1 ? 20 : 12));
  const trackId = v.getUint32(tkhd.body + (d[tkhd.body] === 1 ? 20 : 12));
  const trex = path(d, 'moov', 'mvex', 'trex');
  const defaultDuration = trex ? v.getUint32(trex.body + 12) : 0;
  const fragments: Piece['fragments'] = [];
  let decodeTime = -1;
  let duration = 0;
  let samples = 0;
  top.forEach((b, i) => {
    if (b.type !== 'moof') return;
    const mdat = top[i + 1];
    if (mdat?.type !== 'mdat') throw new Error('a movie fragment has no data');
    const f = readFragment(d, b, defaultDuration);
    if (decodeTime < 0) decodeTime = f.decodeTime;
    duration += f.duration;
    samples += f.samples;
    fragments.push({ moof: d.subarray(b.at, b.at + b.size), mdat: d.subarray(mdat.at, mdat.at + mdat.size) });
  });
  if (!fragments.length) throw new Error('the piece has no movie fragment');
  const init = d.subarray(0, moov.at + moov.size);
  return { init, fragments, codec: codecName(d), trackId, timescale, decodeTime, duration, samples };
}

function readFragment(d: Bytes, moof: Box, defaultDuration: number) {
  const v = view(d);
  const traf = child(d, moof, 'traf');
  if (!traf) throw new Error('a movie fragment has no track');
  let each = defaultDuration;
  let decodeTime = 0;
  let duration = 0;
  let samples = 0;
  for (const b of boxes(d, traf.body, traf.at + traf.size)) {
    const flags = v.getUint32(b.body) & 0xffffff;
    if (b.type === 'tfhd' && flags & 0x8) {
      each = v.getUint32(b.body + 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0));
    } else if (b.type === 'tfdt') {
      decodeTime = d[b.body] === 1 ? Number(v.getBigUint64(b.body + 4)) : v.getUint32(b.body + 4);
    } else if (b.type === 'trun') {
      const n = v.getUint32(b.body + 4);
      let at = b.body + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
      const step = 4 * [0x100, 0x200, 0x400, 0x800].filter((f) => flags & f).length;
      for (let i = 0; i < n; i += 1, at += step) duration += flags & 0x100 ? v.getUint32(at) : each;
      samples += n;
    }
  }
  return { decodeTime, duration, samples };
}

/** A copy of the fragment header with its place in the joined file; sample data stays as it is. */
function placed(moof: Bytes, sequence: number, shift: number, fileOffset: number): Bytes {
  const out = moof.slice();
  const v = view(out);
  const root = boxes(out)[0]!;
  for (const b of boxes(out, root.body, root.at + root.size)) {
    if (b.type === 'mfhd') v.setUint32(b.body + 4, sequence);
    if (b.type !== 'traf') continue;
    for (const t of boxes(out, b.body, b.at + b.size)) {
      const flags = v.getUint32(t.body) & 0xffffff;
      if (t.type === 'tfhd' && flags & 1) v.setBigUint64(t.body + 8, BigInt(fileOffset));
      if (t.type !== 'tfdt') continue;
      if (out[t.body] === 1) v.setBigUint64(t.body + 4, v.getBigUint64(t.body + 4) + BigInt(shift));
      else v.setUint32(t.body + 4, v.getUint32(t.body + 4) + shift);
    }
  }
  return out;
}

/** Wall-clock jitter between pieces below this is closed up; more is a gap, and stays one. */
export const SNAP_US = 250_000;

/** Where the next piece starts, in microseconds from the clip's origin. */
export function placeAfter(previousEnd: number | null, begin: number): number {
  return previousEnd !== null && Math.abs(begin - previousEnd) < SNAP_US ? previousEnd : Math.max(begin, previousEnd ?? 0);
}

export interface Source {
  unitName: string;
  unitUrl: string;
  operator: string;
  /** Microseconds since 1970. */
  exportedAt: number;
  cameraName: string;
}

const cstring = (s: string): Bytes => join(new TextEncoder().encode(s.replaceAll('\0', '')), Uint8Array.of(0));
const box = (type: string, ...parts: Uint8Array[]): Bytes => {
  const body = join(...parts);
  return join(u32(8 + body.length), new TextEncoder().encode(type), body);
};
const EPOCH_1904_S = 2_082_844_800;
const EPOCH_1601_US = 11_644_473_600_000_000;

/** ONVIF Export File Format: SurveillanceExportBox and CorrectStartTimeBox in a file-level 'meta'. */
export function onvifMeta(trackId: number, startUs: number, s: Source): Bytes {
  const suep = box(
    'suep',
    u32(0x01000000),
    cstring(s.unitName),
    cstring(s.unitUrl),
    cstring(''),
    u64(Math.floor(s.exportedAt / 1e6) + EPOCH_1904_S),
    cstring(s.operator),
    u32(1),
    u32(trackId).subarray(2),
    cstring(s.cameraName),
    cstring(''),
    cstring(''),
    cstring(''),
  );
  const ticks = (BigInt(Math.round(startUs)) + BigInt(EPOCH_1601_US)) * 10n;
  const cstb = box('cstb', u32(1), u32(trackId), u64(ticks));
  const hdlr = box('hdlr', u32(0), u32(0), new TextEncoder().encode('null'), new Uint8Array(12), cstring(''));
  return box('meta', u32(0), hdlr, suep, cstb);
}

/** Joins pieces into fragmented MP4 files: a new file begins where the movie header changes. */
export class Joiner {
  readonly files: { parts: Bytes[]; begin: number; end: number }[] = [];
  #init: Bytes | null = null;
  #size = 0;
  #sequence = 0;
  #origin = 0;
  #end: number | null = null;
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  add(plain: Bytes, begin: number, end: number): void {
    const p = readPiece(plain);
    if (!this.#init || !same(this.#init, p.init)) this.#begin(p, begin);
    const file = this.files[this.files.length - 1]!;
    const start = placeAfter(this.#end, begin - this.#origin);
    const shift = Math.round((start / 1e6) * p.timescale) - p.decodeTime;
    for (const f of p.fragments) {
      this.#sequence += 1;
      const moof = placed(f.moof, this.#sequence, shift, this.#size);
      file.parts.push(moof, f.mdat.slice());
      this.#size += moof.length + f.mdat.length;
    }
    this.#end = start + (p.duration / p.timescale) * 1e6;
    file.end = end;
  }

  #begin(p: Piece, begin: number): void {
    this.#init = p.init.slice();
    const ftyp = boxes(p.init)[0]!;
    const meta = onvifMeta(p.trackId, begin, this.#source);
    // "As early as possible in files": behind ftyp.
    const head = p.init.slice(0, ftyp.size);
    this.files.push({ parts: [head, meta, p.init.slice(ftyp.size)], begin, end: begin });
    this.#size = p.init.length + meta.length;
    this.#sequence = 0;
    this.#origin = begin;
    this.#end = null;
  }
}
