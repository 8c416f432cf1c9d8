// Packs the whole log as the folder that `loggia verify` reads: checkpoint, key and every tile.
import { getBytes } from '../api/call';
import { zip, type ZipFile } from '../clip/zip';
import { utf8 } from '../seal/bytes';
import type { Head } from './head';
import { tilePath } from './merkle';

/** About 256,000 entries: 2,000 requests, and some 100 MB held in memory. */
export const PACKED_TILES_MAX = 2_000;

/** Paths of all tiles and entry bundles of a log of this size (C2SP tlog-tiles). */
export function tilesOf(size: number): string[] {
  const out: string[] = [];
  for (let level = 0; ; level += 1) {
    const hashes = Math.floor(size / 256 ** level);
    if (hashes === 0) return out;
    for (let n = 0; n * 256 < hashes; n += 1) {
      const width = Math.min(256, hashes - n * 256);
      out.push(tilePath(level, n, width));
      if (level === 0) out.push(tilePath('entries', n, width));
    }
  }
}

export async function packLog(head: Head, progress: (done: number, all: number) => void): Promise<Blob> {
  const paths = tilesOf(head.checkpoint.size);
  const files: ZipFile[] = [
    { name: 'loggia-log/checkpoint', parts: [utf8(head.note)] },
    { name: 'loggia-log/key', parts: [utf8(`${head.keyText}\n`)] },
  ];
  for (const [i, path] of paths.entries()) {
    files.push({ name: `loggia-log/tile/${path}`, parts: [await getBytes(`/log/tile/${path}`)] });
    progress(i + 1, paths.length);
  }
  return zip(files, new Date());
}
