// RFC 6962 known answers (the reference tree of certificate-transparency), proofs over every size,
// tiles.
import { describe, expect, test } from 'vitest';
import { fromHex, hex, join, same, utf8, type Bytes } from '../seal/bytes';
import { checkConsistency, checkInclusion, emptyRoot, entryInBundle, leafHash, nodeHash, split, TileTree, tilePath } from './merkle';

const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

async function mth(leaves: Bytes[]): Promise<Bytes> {
  if (!leaves.length) return emptyRoot();
  if (leaves.length === 1) return leaves[0]!;
  const k = split(leaves.length);
  return nodeHash(await mth(leaves.slice(0, k)), await mth(leaves.slice(k)));
}
/** Serves tiles made from leaf hashes, straight from the definition. */
function tiles(leaves: Bytes[]) {
  return async (path: string): Promise<Bytes> => {
    const m = /^(\d+)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d+))?$/.exec(path)!;
    const each = 256 ** Number(m[1]);
    const n = Number(m[2]!.replace(/[x/]/g, ''));
    const out = [];
    for (let i = 0; i < Number(m[3] ?? 256); i += 1) {
      const from = (n * 256 + i) * each;
      out.push(await mth(leaves.slice(from, from + each)));
    }
    return join(...out);
  };
}
const many = (n: number) => Promise.all(Array.from({ length: n }, (_, i) => leafHash(utf8(`entry ${i}`))));

describe('RFC 6962', () => {
  test('the reference roots', async () => {
    const leaves = await Promise.all(LEAVES.map((l) => leafHash(fromHex(l))));
    for (const [i, root] of ROOTS.entries()) {
      const part = leaves.slice(0, i + 1);
      expect(hex(await new TileTree(part.length, tiles(part)).root())).toBe(root);
    }
    expect(hex(await emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  test('inclusion and consistency over every size up to 20', async () => {
    const leaves = await many(20);
    for (let size = 1; size <= 20; size += 1) {
      const tree = new TileTree(size, tiles(leaves.slice(0, size)));
      const root = await tree.root();
      for (let i = 0; i < size; i += 1) {
        const proof = await tree.inclusion(i);
        expect(await checkInclusion(i, size, leaves[i]!, proof, root)).toBe(true);
        expect(await checkInclusion(i, size, leaves[(i + 1) % 20]!, proof, root)).toBe(false);
        expect(await checkInclusion(i, size, leaves[i]!, [...proof, root], root)).toBe(false);
      }
      for (let first = 1; first <= size; first += 1) {
        const old = await mth(leaves.slice(0, first));
        const proof = await tree.consistency(first);
        expect(await checkConsistency(first, size, old, root, proof)).toBe(true);
        if (first < size) expect(await checkConsistency(first, size, root, root, proof)).toBe(false);
      }
    }
  });

  test('trees that span several tiles and levels', async () => {
    const leaves = await many(700);
    for (const size of [255, 256, 257, 511, 512, 513, 700]) {
      const tree = new TileTree(size, tiles(leaves.slice(0, size)));
      const root = await tree.root();
      expect(same(root, await mth(leaves.slice(0, size)))).toBe(true);
      for (const i of [0, 254, size - 1]) {
        expect(await checkInclusion(i, size, leaves[i]!, await tree.inclusion(i), root)).toBe(true);
      }
    }
  });

  test('tile paths and bundles of C2SP tlog-tiles', () => {
    expect(tilePath(0, 5, 256)).toBe('0/005');
    expect(tilePath(1, 1_234_067, 256)).toBe('1/x001/x234/067');
    expect(tilePath('entries', 1_067, 17)).toBe('entries/x001/067.p/17');
    const bundle = join(Uint8Array.of(0, 2), utf8('ab'), Uint8Array.of(0, 0), Uint8Array.of(0, 1), utf8('c'));
    expect(entryInBundle(bundle, 0)).toEqual(utf8('ab'));
    expect(entryInBundle(bundle, 1)).toEqual(utf8(''));
    expect(entryInBundle(bundle, 2)).toEqual(utf8('c'));
    expect(() => entryInBundle(bundle, 3)).toThrow();
  });
});
