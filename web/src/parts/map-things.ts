// What a data map is given. Apart from the map itself, which is loaded late.

export interface MapThing {
  id: string;
  geometry: { type: string; coordinates: unknown };
  /** All of the geometry's positions, for finding it. */
  positions: [number, number][];
  /** The custom property that has its colour. */
  colour: string;
}
/** An area that somebody draws: its edge, and the corners that can be told. */
export interface MapOutline {
  ring: [number, number][];
  corners: [number, number][];
}

/** A circle on the ground, drawn with 64 corners; metres. */
export function circle(lon: number, lat: number, metres: number): [number, number][] {
  const degree = 111_195;
  const across = degree * Math.cos((lat * Math.PI) / 180);
  return Array.from({ length: 64 }, (_, i) => {
    const a = (i / 64) * 2 * Math.PI;
    return [lon + (metres / across) * Math.cos(a), lat + (metres / degree) * Math.sin(a)];
  });
}
