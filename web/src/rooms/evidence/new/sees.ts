// Which cameras can be expected to see a place: an estimate from position and heading alone. What
// stands in between (houses, trees, buses) is not known here, and neither is the lens.

/** Field of view assumed, degrees: a wide fixed lens (about 3 mm on a 1/2.8-inch sensor). */
export const VIEW_DEG = 90;
/** Reach assumed, metres: 1,920 pixels over 2·d·tan(45°) metres leave 12.5 pixels a metre at
 * 77 m, which IEC 62676-4 calls enough to monitor a scene. */
export const REACH_M = 75;
/** Beyond this much of the reach, or of half the view, a place lies at the edge. */
const EDGE = 0.75;
const DEG_M = 111_195;
const RAD = Math.PI / 180;

export interface Spot {
  lat: number;
  lon: number;
}
export interface Looks extends Spot {
  id: number;
  heading_deg: number | null;
}
export interface Sight {
  id: number;
  metres: number;
  /** Off the middle of the view, degrees; null where the heading is not declared. */
  off_deg: number | null;
  /** Well inside of the assumed view, or at its edge (or the heading is not known). */
  how: 'likely' | 'edge';
}

/** Nearer than this a place is the camera's own. */
const FOOT_M = 5;

/** A camera near a place, and why it does not see it. */
export interface Unseen {
  id: number;
  metres: number;
  how: 'away' | 'far';
}

/** From a to b: metres, and degrees clockwise from north. Flat over the few hundred metres here. */
export function bearing(a: Spot, b: Spot): { metres: number; deg: number } {
  const north = (b.lat - a.lat) * DEG_M;
  const east = (b.lon - a.lon) * DEG_M * Math.cos(((a.lat + b.lat) / 2) * RAD);
  return {
    metres: Math.hypot(north, east),
    deg: (Math.atan2(east, north) / RAD + 360) % 360,
  };
}

/** What one camera can be expected to see of a place; null where it cannot. */
export function sight(camera: Looks, place: Spot): Sight | null {
  const { metres, deg } = bearing(camera, place);
  if (metres > REACH_M) return null;
  // At a camera's foot there is no direction: whoever comes or goes passes its view.
  if (metres < FOOT_M) return { id: camera.id, metres, off_deg: null, how: 'edge' };
  const heading = camera.heading_deg;
  const off_deg = heading === null ? null : Math.abs(((deg - heading + 540) % 360) - 180);
  if (off_deg !== null && off_deg > VIEW_DEG / 2) return null;
  const central = off_deg !== null && off_deg <= (VIEW_DEG / 2) * EDGE;
  const how = central && metres <= REACH_M * EDGE ? 'likely' : 'edge';
  return { id: camera.id, metres, off_deg, how };
}

/** The cameras that can be expected to see a place, the best placed first. */
export function whoSees(cameras: readonly Looks[], place: Spot): Sight[] {
  const rank = (s: Sight) => (s.how === 'likely' ? 0 : 1000) + s.metres + (s.off_deg ?? VIEW_DEG);
  return cameras
    .map((c) => sight(c, place))
    .filter((s) => s !== null)
    .toSorted((a, b) => rank(a) - rank(b));
}

/** The nearest cameras, for a place that none sees. */
export function nearest(cameras: readonly Looks[], place: Spot, most = 3): Unseen[] {
  const all = cameras.map((c): Unseen => {
    const { metres } = bearing(c, place);
    return { id: c.id, metres, how: metres > REACH_M ? 'far' : 'away' };
  });
  return all.toSorted((a, b) => a.metres - b.metres).slice(0, most);
}

/** The outline of the assumed view, longitude and latitude: a sector, or a circle all round. */
export function outline(camera: Looks): [number, number][] {
  const { heading_deg: heading, lat, lon } = camera;
  const at = (deg: number): [number, number] => [
    lon + (REACH_M * Math.sin(deg * RAD)) / (DEG_M * Math.cos(lat * RAD)),
    lat + (REACH_M * Math.cos(deg * RAD)) / DEG_M,
  ];
  const [from, turn] = heading === null ? [0, 360] : [heading - VIEW_DEG / 2, VIEW_DEG];
  const steps = Math.ceil(turn / 7.5);
  const arc = Array.from({ length: steps + 1 }, (_, i) => at(from + (turn * i) / steps));
  const foot: [number, number] = [lon, lat];
  return heading === null ? arc : [foot, ...arc, foot];
}

/** A place as it stands in the address; null where it reads as none. */
export function readSpot(text: string | null): Spot | null {
  const m = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text ?? '');
  if (!m) return null;
  const [lat, lon] = [Number(m[1]), Number(m[2])];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
}
export const writeSpot = (s: Spot): string => `${s.lat.toFixed(5)},${s.lon.toFixed(5)}`;
