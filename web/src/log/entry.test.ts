// Entries as a lying log may write them: what is no entry is said to be none, and stops nothing.
import { describe, expect, test } from 'vitest';
import { join, u16, utf8, type Bytes } from '../seal/bytes';
import { readEntry } from './entry';
import { leafHash, type FetchTile } from './merkle';
import { count, isBad, isRun, lines, scan, sizeAt, type Line, type Row } from './scan';
import { over, Trunk } from './trunk';

const T0 = 1_790_000_000;
const deep = (n: number) => `{"v":1,"kind":"opening","at":1,"x":${'['.repeat(n)}${']'.repeat(n)}}`;

describe('one entry', () => {
  test('what the log writes is read', () => {
    const json = `{"v":1,"kind":"request_filed","at":${T0},"danger_to_life":false,"cameras":3}`;
    expect(readEntry(json)).toMatchObject({ ok: true, entry: { kind: 'request_filed', at: T0 } });
  });

  test.each([
    ['json', null],
    ['json', '{"at":'],
    ['json', ''],
    ['form', '[]'],
    ['form', '"x"'],
    ['form', 'null'],
    ['form', '7'],
    ['form', '{"v":1,"at":1}'],
    ['form', '{"v":1,"at":1,"kind":5}'],
    ['form', '{"v":1,"at":1,"kind":"<img src=x>"}'],
    ['form', '{"v":1,"at":1,"kind":"__proto__","__proto__":{"x":1}}'],
    ['form', '{"v":1,\n"at":1,"kind":"heads"}'],
    ['form', '{"v":1,"at":1,"kind":"heads","cameras":1e300}'],
    ['form', `{"v":1,"at":1,"kind":"opening","body":"${'a'.repeat(60_000)}"}`],
    ['form', deep(3)],
    ['form', `{"kind":"a"${Array.from({ length: 40 }, (_, i) => `,"f${i}":1`).join('')}}`],
    ['time', '{"v":1,"kind":"opening"}'],
    ['time', '{"v":1,"kind":"opening","at":"now"}'],
    ['time', '{"v":1,"kind":"opening","at":1e300}'],
    ['time', '{"v":1,"kind":"opening","at":1.5}'],
    ['time', '{"v":1,"kind":"opening","at":9007199254740991}'],
  ])('%s: %s', (why, json) => {
    expect(readEntry(json)).toMatchObject({ ok: false, why });
  });

  test('however deep it is nested, nothing is thrown', () => {
    for (const n of [1, 20_000]) expect(readEntry(deep(n)).ok).toBe(false);
  });
});

const heads = (i: number) =>
  utf8(`{"v":1,"kind":"heads","at":${T0 + i * 60},"root":"00","cameras":4,"gaps":0}`);
const opening = (at: unknown) =>
  utf8(`{"v":1,"kind":"opening","at":${JSON.stringify(at)},"request":"ab","body":"police"}`);

async function logOf(raw: Bytes[]): Promise<Trunk> {
  const hashes = await Promise.all(raw.map((r) => leafHash(r)));
  const serve: FetchTile = async (path) => {
    const [, level, n, width] = /^(\w+)\/(\d+)(?:\.p\/(\d+))?$/.exec(path)!;
    const from = Number(n) * 256;
    const to = from + Number(width ?? 256);
    if (level === 'entries') {
      return join(...raw.slice(from, to).flatMap((r) => [u16(r.length), r]));
    }
    if (level === '0') return join(...hashes.slice(from, to));
    const bundles = Array.from({ length: to - from }, (_, i) => from + i);
    const nodes = bundles.map((b) => over(hashes.slice(b * 256, b * 256 + 256)));
    return join(...(await Promise.all(nodes)));
  };
  return Trunk.read(raw.length, await over(hashes), serve);
}

describe('a log with lies in it', () => {
  const bad: Record<number, Bytes> = {
    40: opening(T0 - 40 * 86_400),
    41: utf8('[]'),
    42: opening('yesterday'),
    43: new Uint8Array([0xff, 0xfe, 0x22]),
    300: opening(T0 + 1e8),
  };
  const raw = Array.from({ length: 600 }, (_, i) => bad[i] ?? heads(i));
  const rows = async (q: Parameters<typeof scan>[1]): Promise<Row[]> => {
    const out: Row[] = [];
    for await (const s of scan(await logOf(raw), q, 600)) out.push(...s.rows);
    return out;
  };
  const at = (i: number) => T0 + i * 60;

  test('its good entries are found around the bad ones, and the bad ones are rows', async () => {
    const all = await rows({ heads: 'none' });
    expect(all.map((r) => (isRun(r) ? -1 : r.index))).toEqual([300, 43, 42, 41, 40]);
    expect(all.filter(isBad).map((r) => r.bad)).toEqual(['json', 'time', 'form']);
    expect(all[0]).toMatchObject({ off: true });
    const minutes = (await rows({ heads: 'runs' })).filter(isRun);
    expect(minutes.reduce((n, r) => n + r.last - r.first + 1, 0)).toBe(595);
  });

  test('a range of days is one of places: what lies about its time is in it', async () => {
    const some = await rows({ heads: 'none', from: at(30), to: at(50) });
    expect(some.map((r) => (isRun(r) ? -1 : r.index))).toEqual([43, 42, 41, 40]);
    expect((await rows({ heads: 'none', from: at(60), to: at(70) })).length).toBe(0);
    // Asked for by the day that it claims, it is found as well.
    const claimed = { from: T0 - 41 * 86_400, to: T0 - 39 * 86_400 };
    expect(await rows({ heads: 'none', ...claimed })).toMatchObject([{ index: 40, off: true }]);
    const trunk = await logOf(raw);
    // Those without a time stand with the last entry that has one.
    expect(await sizeAt(trunk, at(40))).toBe(44);
    expect(await sizeAt(trunk, at(44))).toBe(44);
    expect(await sizeAt(trunk, at(301))).toBe(301);
    const got: Line[] = [];
    for await (const l of lines(trunk, 39, 45)) got.push(...l);
    expect(got.map((l) => [l.index, l.malformed, l.off])).toEqual([
      [39, false, false],
      [40, false, true],
      [41, true, false],
      [42, true, false],
      [43, true, false],
      [44, false, false],
    ]);
    expect(got[4]!.text).toBe('//4i');
  });

  test('it is counted by kind, the malformed apart', async () => {
    let counts = new Map<string, number>();
    for await (const c of count(await logOf(raw), 0, 600)) counts = c.counts;
    expect([...counts].toSorted()).toEqual([['', 3], ['heads', 595], ['opening', 2]]);
  });
});
