import { describe, expect, test } from 'vitest';
import { join, u32, u64, utf8, type Bytes } from '../seal/bytes';
import { boxes, Joiner, onvifMeta, placeAfter, readPiece } from './mp4';
import { crc32, zip } from './zip';

const box = (type: string, ...parts: Uint8Array[]): Bytes => {
  const body = join(...parts);
  return join(u32(8 + body.length), utf8(type), body);
};
const zeros = (n: number) => new Uint8Array(n);

/** A small but whole fragmented MP4 of two samples, laid out by ISO/IEC 14496-12. */
function piece(data: Bytes, width = 640): Bytes {
  const avcC = box('avcC', Uint8Array.of(1, 0x64, 0, 0x1f, 0xff, 0xe0, 0));
  const avc1 = box('avc1', zeros(24), u32(width).subarray(2), zeros(52), avcC);
  const stsd = box('stsd', u32(0), u32(1), avc1);
  const mdhd = box('mdhd', u32(0), zeros(8), u32(90_000), u32(0), u32(0));
  const tkhd = box('tkhd', u32(7), zeros(8), u32(1), zeros(72));
  const trak = box('trak', tkhd, box('mdia', mdhd, box('minf', box('stbl', stsd))));
  const moov = box('moov', trak, box('mvex', box('trex', u32(0), u32(1), u32(1), u32(3_600), u32(0), u32(0))));
  const tfhd = box('tfhd', u32(0x020000), u32(1));
  const tfdt = box('tfdt', u32(0x01000000), u64(0));
  const trun = box('trun', u32(0x000201), u32(2), u32(0), u32(data.length - 1), u32(1));
  const moof = box('moof', box('mfhd', u32(0), u32(1)), box('traf', tfhd, tfdt, trun));
  return join(box('ftyp', utf8('iso6'), u32(0), utf8('iso6')), moov, moof, box('mdat', data));
}

describe('MP4', () => {
  test('a piece reads: codec, times, samples', () => {
    const p = readPiece(piece(utf8('picture')));
    expect(p).toMatchObject({ codec: 'avc1.64001F', timescale: 90_000, trackId: 1, samples: 2, duration: 7_200, decodeTime: 0 });
    expect(() => readPiece(piece(utf8('picture')).subarray(0, 40))).toThrow();
  });

  test('pieces join byte-exact behind one header; a new header begins a new file', () => {
    const j = new Joiner({ unitName: 'Loggia', unitUrl: '', operator: 'p', exportedAt: 0, cameraName: 'Camera' });
    j.add(piece(utf8('first')), 1_000_000, 1_080_000);
    j.add(piece(utf8('second')), 1_085_000, 1_165_000);
    j.add(piece(utf8('third'), 1280), 1_165_000, 1_245_000);
    expect(j.files.length).toBe(2);
    const file = join(...j.files[0]!.parts);
    const top = boxes(file);
    expect(top.map((b) => b.type)).toEqual(['ftyp', 'meta', 'moov', 'moof', 'mdat', 'moof', 'mdat']);
    const text = new TextDecoder().decode(file);
    expect(text).toContain('first');
    expect(text).toContain('second');
    // The second fragment decodes where the first ends (80 ms = 7,200 ticks), its jitter closed up.
    const again = readPiece(join(file.slice(0, top[1]!.at), file.slice(top[2]!.at, top[3]!.at), file.slice(top[5]!.at)));
    expect(again.decodeTime).toBe(7_200);
  });

  test('a real gap stays a gap', () => {
    expect(placeAfter(null, 0)).toBe(0);
    expect(placeAfter(80_000, 85_000)).toBe(80_000);
    expect(placeAfter(80_000, 5_000_000)).toBe(5_000_000);
  });

  test('ONVIF boxes: suep version 1 and cstb in 100 ns since 1601', () => {
    const meta = onvifMeta(1, 0, { unitName: 'U', unitUrl: '', operator: 'O', exportedAt: 0, cameraName: 'C' });
    const inner = boxes(meta, 12);
    expect(inner.map((b) => b.type)).toEqual(['hdlr', 'suep', 'cstb']);
    const d = new DataView(meta.buffer);
    expect(d.getUint32(inner[1]!.body)).toBe(0x01000000);
    expect(d.getBigUint64(inner[2]!.body + 8)).toBe(116_444_736_000_000_000n);
  });
});

describe('ZIP', () => {
  test('CRC-32 check value', () => {
    expect(crc32([utf8('123456789')])).toBe(0xcbf43926);
    expect(crc32([utf8('1234'), utf8('56789')])).toBe(0xcbf43926);
  });
  test('files stand whole in the archive', async () => {
    const b = new Uint8Array(await zip([{ name: 'a.txt', parts: [utf8('one'), utf8('two')] }], new Date(2026, 10, 23)).arrayBuffer());
    expect(new TextDecoder().decode(b.subarray(0, 2))).toBe('PK');
    expect(new TextDecoder().decode(b)).toContain('a.txtonetwo');
  });
});
