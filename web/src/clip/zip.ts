// A ZIP archive, stored without compression (PKWARE APPNOTE 6.3, no ZIP64): enough for a bundle ≤ 2
// GB.
import { join, u8, utf8, type Bytes } from '../seal/bytes';

/** Below the 4 GiB of plain ZIP, and within what a browser holds in memory. */
export const ZIP_BYTES_MAX = 2 * 1024 ** 3;

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
export function crc32(parts: Uint8Array[]): number {
  let c = 0xffffffff;
  for (const p of parts) for (let i = 0; i < p.length; i += 1) c = TABLE[(c ^ p[i]!) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

const le = (n: number, bytes: number): Bytes =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.floor(n / 256 ** i) & 255);

export interface ZipFile {
  name: string;
  parts: Bytes[];
}

export function zip(files: ZipFile[], at: Date): Blob {
  const out: Bytes[] = [];
  const central: Bytes[] = [];
  let offset = 0;
  const time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1);
  const date = ((at.getFullYear() - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate();
  for (const f of files) {
    const name = utf8(f.name);
    const size = f.parts.reduce((n, p) => n + p.length, 0);
    // Version 2.0, UTF-8 names (bit 11), method 0.
    const shared = join(le(20, 2), le(0x0800, 2), le(0, 2), le(time, 2), le(date, 2), le(crc32(f.parts), 4), le(size, 4), le(size, 4), le(name.length, 2), le(0, 2));
    const local = join(utf8('PK'), u8(3), u8(4), shared, name);
    central.push(join(utf8('PK'), u8(1), u8(2), le(20, 2), shared, le(0, 2), le(0, 2), le(0, 2), le(0, 4), le(offset, 4), name));
    out.push(local, ...f.parts);
    offset += local.length + size;
    if (offset > ZIP_BYTES_MAX) throw new Error('the bundle would be larger than 2 GB; export less time at once');
  }
  const dir = join(...central);
  const end = join(utf8('PK'), u8(5), u8(6), le(0, 4), le(files.length, 2), le(files.length, 2), le(dir.length, 4), le(offset, 4), le(0, 2));
  return new Blob([...out, dir, end], { type: 'application/zip' });
}
