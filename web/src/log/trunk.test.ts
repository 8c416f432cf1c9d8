// A log of 700 entries served as tiles made from the definition: the trunk, what is read through
// it, and every way in which a served file can lie.
import { beforeAll, describe, expect, test } from 'vitest';
import { base64, join, same, u16, utf8, type Bytes } from '../seal/bytes';
import { leafHash, sides, TileTree, type FetchTile } from './merkle';
import { add, count, isRun, lines, scan, sizeAt, type Line, type Row } from './scan';
import { cell, csvHead, csvLine, jsonLine } from './rows';
import { withHead, type Seen } from './seen';
import { LogWrong, over, Trunk } from './trunk';

const SIZE = 700;
const T0 = Date.UTC(2026, 9, 1, 10) / 1000;
const REQUEST = 'ab'.repeat(32);
/** One entry a minute; every hundredth is an opening, the others are chain heads. */
const json = (i: number): string =>
  i % 100 === 50
    ? `{"v":1,"kind":"opening","at":${T0 + i * 60},"request":"${REQUEST}","body":"police",` +
      '"length_s":120,"cameras":1}'
    : `{"v":1,"kind":"heads","at":${T0 + i * 60},"root":"${'0'.repeat(64)}","cameras":4,` +
      `"gaps":${i === 7 ? 2 : 0}}`;

let leaves: Bytes[] = [];
let root: Bytes;
const files = new Map<string, Bytes>();
const serve: FetchTile = async (path) => {
  const kept = files.get(path);
  if (kept) return kept;
  const m = /^(\d+|entries)\/(\d{3})(?:\.p\/(\d+))?$/.exec(path)!;
  const width = Number(m[3] ?? 256);
  const at = Array.from({ length: width }, (_, i) => Number(m[2]) * 256 + i);
  const raw = (i: number) => utf8(json(i));
  if (m[1] === 'entries') return join(...at.map((i) => join(u16(raw(i).length), raw(i))));
  const each = 256 ** Number(m[1]);
  const nodes = at.map((i) => over(leaves.slice(i * each, (i + 1) * each)));
  return join(...(await Promise.all(nodes)));
};
const rows = async (q: Parameters<typeof scan>[1], before = SIZE): Promise<Row[]> => {
  const out: Row[] = [];
  const trunk = await Trunk.read(SIZE, root, serve);
  for await (const s of scan(trunk, q, before)) s.rows.forEach((r) => add(out, r));
  return out;
};

beforeAll(async () => {
  leaves = await Promise.all(Array.from({ length: SIZE }, (_, i) => leafHash(utf8(json(i)))));
  root = await over(leaves);
});

describe('the trunk', () => {
  test('has the root of the whole tree, at every shape of size', async () => {
    for (const size of [1, 255, 256, 257, 511, 512, 513, 700]) {
      const top = await over(leaves.slice(0, size));
      expect(same(top, await new TileTree(size, serve).root()), String(size)).toBe(true);
      const trunk = await Trunk.read(size, top, serve);
      const last = await trunk.bundle(trunk.bundles - 1);
      expect(last.at(-1)?.json).toBe(json(size - 1));
    }
  });

  test('refuses another root, and names the bundle in which one byte is changed', async () => {
    await expect(Trunk.read(SIZE, leaves[0]!, serve)).rejects.toThrow(LogWrong);
    const trunk = await Trunk.read(SIZE, root, serve);
    const lying = [
      [0, 'entries/000', 255],
      [2, 'entries/002.p/188', 699],
    ] as const;
    for (const [n, path, last] of lying) {
      const bad = (await serve(path)).slice();
      bad[30]! ^= 1;
      files.set(path, bad);
      await expect(trunk.bundle(n)).rejects.toMatchObject({ first: n * 256, last });
      files.delete(path);
    }
    files.set('1/000.p/2', new Uint8Array(32));
    await expect(Trunk.read(SIZE, root, serve)).rejects.toThrow('cut short');
    files.clear();
  });
});

describe('reading newest first', () => {
  test('finds what a query names, and nothing else', async () => {
    const kind = await rows({ kind: 'opening', heads: 'none' });
    expect(kind.map((r) => (isRun(r) ? -1 : r.index))).toEqual([650, 550, 450, 350, 250, 150, 50]);
    const hour = await rows({ from: T0 + 340 * 60, to: T0 + 351 * 60, heads: 'each' });
    expect(hour.length).toBe(11);
    const down = Array.from({ length: 11 }, (_, i) => 350 - i);
    expect(hour.map((r) => !isRun(r) && r.index)).toEqual(down);
    expect((await rows({ hex: 'abab', heads: 'each' })).length).toBe(7);
    const leaf = Array.from(leaves[123]!, (x) => x.toString(16).padStart(2, '0')).join('');
    expect(await rows({ hex: leaf.slice(0, 16), heads: 'each' })).toMatchObject([{ index: 123 }]);
    expect(await rows({ body: 'oversight', heads: 'none' })).toEqual([]);
  });

  test('chain heads are runs, over bundles, parted by other entries and by days', async () => {
    const all = await rows({ heads: 'runs' });
    const minutes = all.filter(isRun).reduce((n, r) => n + r.last - r.first + 1, 0);
    expect(minutes).toBe(693);
    expect(all.filter((r) => !isRun(r)).length).toBe(7);
    const across = all.filter(isRun).find((r) => r.first < 256 && r.last > 256)!;
    expect([across.first, across.last]).toEqual([251, 349]);
    for (const r of all.filter(isRun)) {
      const day = (s: number) => new Date(s * 1000).toDateString();
      expect(day(r.begin)).toBe(day(r.end));
    }
    expect(all.filter(isRun).at(-1)).toMatchObject({ first: 0, gaps: 2 });
  });

  test('starts where it is told, and knows the size at a time', async () => {
    expect((await rows({ kind: 'opening', heads: 'none' }, 250)).length).toBe(2);
    const trunk = await Trunk.read(SIZE, root, serve);
    const known = [
      [0, 0],
      [1, 1],
      [255 * 60 + 1, 256],
      [256 * 60, 256],
      [1e6, 700],
    ] as const;
    for (const [at, size] of known) {
      expect(await sizeAt(trunk, T0 + at), String(at)).toBe(size);
    }
  });

  test('counts by kind and gives the exact lines', async () => {
    const trunk = await Trunk.read(SIZE, root, serve);
    let counts = new Map<string, number>();
    for await (const c of count(trunk, 40, 260)) counts = c.counts;
    expect(Object.fromEntries(counts)).toEqual({ heads: 217, opening: 3 });
    const got: string[] = [];
    for await (const part of lines(trunk, 250, 258)) got.push(...part.map((l) => l.text));
    expect(got).toEqual(Array.from({ length: 8 }, (_, i) => json(250 + i)));
  });
});

test('the sides of a proof are those that its check walks', async () => {
  expect(sides(0, 1)).toEqual([]);
  expect(sides(0, 8)).toEqual(['right', 'right', 'right']);
  expect(sides(5, 8)).toEqual(['left', 'right', 'left']);
  // The last of seven: its pair is missing at two heights.
  expect(sides(6, 7)).toEqual(['left', 'left']);
  const tree = new TileTree(SIZE, serve);
  for (const i of [0, 255, 256, 511, 512, 699]) {
    expect(sides(i, SIZE).length).toBe((await tree.inclusion(i)).length);
  }
});

test('a table row has every column, and no cell that a spreadsheet would run', () => {
  const head = csvHead().trimEnd().split(',');
  const line = (index: number, text: string): Line => ({
    index,
    text,
    malformed: false,
    off: false,
  });
  const row = csvLine(line(50, json(50))).trimEnd().split(',');
  expect(row.length).toBe(head.length);
  expect(row.slice(0, 4)).toEqual(['50', '2026-10-01T10:50:00Z', 'opening', 'police']);
  for (const sign of ['=1+1', ' =1+1', '\t=1', '＝1+1', '@x', '\u200b+1']) {
    expect(cell(sign), sign).toBe(`'${sign}`);
  }
  expect(cell('\r=1')).toBe('"\'\r=1"');
  expect(cell('a,"b')).toBe('"a,""b"');
  const bad = { index: 7, text: 'AAEC', malformed: true, off: false };
  expect(csvLine(bad).startsWith('7,,(malformed),')).toBe(true);
  expect(JSON.parse(jsonLine(bad))).toEqual({ malformed_entry: 7, bytes: 'AAEC' });
});

test('of the heads seen, each day’s first and the newest are kept', () => {
  const at = (day: number, h: number): Seen => ({
    key: 'k',
    size: h,
    root: base64(utf8('r')),
    at: new Date(2026, 9, day, h).getTime(),
  });
  let kept: Seen[] = [];
  for (let d = 1; d <= 3; d += 1) for (const h of [9, 12, 18]) kept = withHead(kept, at(d, h));
  expect(kept).toEqual([at(1, 9), at(2, 9), at(3, 9), at(3, 18)]);
  for (let d = 4; d < 130; d += 1) kept = withHead(kept, at(d, 1));
  expect(kept.length).toBeLessThanOrEqual(62);
});
