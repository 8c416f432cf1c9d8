import { describe, expect, it } from 'vitest';
import { bearing, nearest, outline, REACH_M, readSpot, sight } from './sees';
import { VIEW_DEG, whoSees, writeSpot } from './sees';

const HERE = { lat: 60.17, lon: 24.94 };
/** So many metres north and east of here. */
const at = (north: number, east: number) => ({
  lat: HERE.lat + north / 111_195,
  lon: HERE.lon + east / (111_195 * Math.cos((HERE.lat * Math.PI) / 180)),
});
const camera = (id: number, north: number, east: number, heading_deg: number | null) => ({
  id,
  heading_deg,
  ...at(north, east),
});

describe('which cameras can see a place', () => {
  it('measures metres and direction', () => {
    for (const [n, e, deg] of [[50, 0, 0], [0, 50, 90], [-50, 0, 180], [0, -50, 270]] as const) {
      const b = bearing(HERE, at(n, e));
      expect(b.metres).toBeCloseTo(50, 1);
      expect(Math.abs(((b.deg - deg + 540) % 360) - 180)).toBeLessThan(0.1);
    }
  });
  it('looks ahead, not behind, and not beyond its reach', () => {
    expect(sight(camera(1, 0, 0, 0), at(40, 0))?.how).toBe('likely');
    expect(sight(camera(1, 0, 0, 180), at(40, 0))).toBeNull();
    expect(sight(camera(1, 0, 0, 0), at(REACH_M + 1, 0))).toBeNull();
    expect(sight(camera(1, 0, 0, 0), at(REACH_M - 1, 0))?.how).toBe('edge');
  });
  it('turns over north without a jump', () => {
    const s = sight(camera(1, 0, 0, 350), at(40, 7));
    expect(s?.off_deg).toBeCloseTo(19.9, 0);
    expect(s?.how).toBe('likely');
  });
  it('sees at the edge of its view, and not past it', () => {
    const off = (deg: number) => {
      const r = (deg * Math.PI) / 180;
      return sight(camera(1, 0, 0, 0), at(40 * Math.cos(r), 40 * Math.sin(r)));
    };
    expect(off(VIEW_DEG / 2 - 1)?.how).toBe('edge');
    expect(off(VIEW_DEG / 2 + 1)).toBeNull();
  });
  it('may see all round where no heading is declared, and never surely', () => {
    const s = sight(camera(1, 0, 0, null), at(-20, -20));
    expect(s).toMatchObject({ how: 'edge', off_deg: null });
  });
  it('puts the best placed first', () => {
    const away = [camera(1, -70, 0, 0), camera(2, -20, 0, 0), camera(3, 20, 0, 0)];
    const all = [...away, camera(4, -25, 5, null)];
    expect(whoSees(all, HERE).map((s) => s.id)).toEqual([2, 1, 4]);
    expect(whoSees(all, at(500, 0))).toEqual([]);
    expect(nearest(all, at(500, 0), 2).map((s) => [s.id, s.how])).toEqual([[3, 'far'], [2, 'far']]);
    // Near enough, and turned away: that is why.
    expect(nearest([camera(9, 30, 0, 0)], HERE)).toMatchObject([{ id: 9, how: 'away' }]);
  });
  it('draws what it reckons with', () => {
    const c = camera(1, 0, 0, 90);
    for (const [lon, lat] of outline(c).slice(1, -1)) {
      expect(bearing(HERE, { lat, lon }).metres).toBeCloseTo(REACH_M, 0);
    }
    expect(outline(c).at(0)).toEqual(outline(c).at(-1));
    const round = outline(camera(1, 0, 0, null));
    expect(round[0]![0]).toBeCloseTo(round.at(-1)![0], 9);
  });
  it('reads places as they are written, and nothing else', () => {
    expect(readSpot(writeSpot(HERE))).toEqual(HERE);
    expect(readSpot('60.17 24.94')).toEqual(HERE);
    for (const bad of [null, '', 'Kaivokatu', '91,0', '60.17', '60,181', '1,2,3']) {
      expect(readSpot(bad)).toBeNull();
    }
  });
});

it('at a camera’s foot one is at the edge of its view, whichever way it looks', () => {
  for (const heading_deg of [0, 90, 200, null]) {
    const camera = { id: 1, lat: 60.17, lon: 24.94, heading_deg };
    expect(sight(camera, { lat: 60.17, lon: 24.94 })).toMatchObject({ how: 'edge', metres: 0 });
  }
});
