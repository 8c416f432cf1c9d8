// How the city's map looks: the base map's layers, the marks, and how a camera becomes one.
import type {
  GeoJSONSourceSpecification,
  LayerSpecification,
  StyleSpecification,
} from 'maplibre-gl';
import type { HealthState } from '../api/types';

export interface MapCamera {
  id: number;
  label: string;
  lat: number;
  lon: number;
  heading_deg: number | null;
  state?: HealthState;
  chosen?: boolean;
}
/** What may be drawn besides cameras: assumed views as outlines, and one place. */
export interface MapExtra {
  views: { ring: [number, number][]; chosen: boolean }[];
  place: { lat: number; lon: number } | null;
}

export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const BASE = `${location.origin}/basemap/basemap.geojson`;
/** Ways for people on foot and by bicycle: drawn thin. */
const PATHS = [
  'footway', 'path', 'steps', 'cycleway', 'pedestrian', 'service', 'track', 'bridleway',
];

function base(): LayerSpecification[] {
  const of = (layer: string) => ['==', ['get', 'layer'], layer] as never;
  const area = (layer: string, paint: string): LayerSpecification => ({
    id: layer,
    type: 'fill',
    source: 'base',
    // Polygon and MultiPolygon.
    filter: ['all', of(layer), ['in', 'Polygon', ['geometry-type']]] as never,
    paint: { 'fill-color': colour(paint) },
  });
  const narrow = ['in', ['coalesce', ['get', 'kind'], ''], ['literal', PATHS]];
  const road = (id: string, path: boolean, widths: number[]): LayerSpecification => ({
    id,
    type: 'line',
    source: 'base',
    filter: [
      'all', of('roads'), path ? narrow : ['!', narrow], ['in', 'LineString', ['geometry-type']],
    ] as never,
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: {
      'line-color': colour('--map-road'),
      'line-width': ['interpolate', ['exponential', 1.6], ['zoom'], ...widths] as never,
    },
  });
  return [
    { id: 'land', type: 'background', paint: { 'background-color': colour('--map-land') } },
    area('green', '--map-green'),
    area('water', '--map-water'),
    { ...area('roads', '--map-road'), id: 'squares' } as LayerSpecification,
    road('paths', true, [13, 0.4, 16, 1.5, 19, 6]),
    road('streets', false, [13, 1, 16, 6, 19, 28]),
    area('buildings', '--map-building'),
    {
      id: 'rail',
      type: 'line',
      source: 'base',
      filter: of('rail'),
      paint: { 'line-color': colour('--map-rail'), 'line-width': 1.2, 'line-dasharray': [4, 2] },
    },
    // Where the city's base map ends, the page begins again: no land is drawn that nobody surveyed.
    {
      id: 'beyond',
      type: 'fill',
      source: 'beyond',
      paint: { 'fill-color': colour('--sunk'), 'fill-antialias': false },
    },
    {
      id: 'edge',
      type: 'line',
      source: 'beyond',
      paint: { 'line-color': colour('--line'), 'line-width': 1.5 },
    },
  ];
}

const extraLayers = (): LayerSpecification[] => [
  {
    id: 'views',
    type: 'fill',
    source: 'views',
    paint: {
      'fill-color': colour('--accent'),
      'fill-opacity': ['case', ['get', 'chosen'], 0.22, 0.08],
    },
  },
  {
    id: 'view-edges',
    type: 'line',
    source: 'views',
    paint: {
      'line-color': colour('--accent'),
      'line-width': ['case', ['get', 'chosen'], 2, 1],
      'line-opacity': 0.8,
    },
  },
  {
    id: 'place',
    type: 'circle',
    source: 'place',
    paint: {
      'circle-radius': 9,
      'circle-color': colour('--card'),
      'circle-opacity': 0.6,
      'circle-stroke-width': 3,
      'circle-stroke-color': colour('--ink'),
    },
  },
];

/** All layers, in the order in which they lie. */
export const layers = (): LayerSpecification[] => [
  ...base(),
  ...extraLayers(),
  ...cameraLayers(),
];

/** The city's ground alone, for maps of other things than cameras. */
export const layersOfGround = base;
export const groundStyle = (): StyleSpecification => ({
  version: 8,
  sources: {
    base: { type: 'geojson', data: BASE, attribution: '© OpenStreetMap contributors', maxzoom: 17 },
    beyond: { type: 'geojson', data: collection([]) },
  },
  layers: base(),
});

export const style = (): StyleSpecification => ({
  version: 8,
  sources: {
    ...groundStyle().sources,
    views: { type: 'geojson', data: collection([]) },
    place: { type: 'geojson', data: collection([]) },
    cameras: { type: 'geojson', data: collection([]) },
  },
  layers: layers(),
});

/** Cameras in order of what needs eyes. Those that are well are plain dots until one is near: a
 *  symbol costs a place on each frame, and a city has thousands. */
function cameraLayers(): LayerSpecification[] {
  const well = ['==', ['get', 'rank'], 0];
  const sizes = (small: number, large: number) =>
    ['interpolate', ['linear'], ['zoom'], 12, small, 16, large] as never;
  const symbols = (id: string, which: unknown): LayerSpecification => ({
    id,
    type: 'symbol',
    source: 'cameras',
    filter: which as never,
    layout: {
      'icon-image': ['get', 'icon'],
      'icon-rotate': ['get', 'turn'],
      'icon-rotation-alignment': 'map',
      'icon-allow-overlap': true,
      'icon-ignore-placement': true,
      'icon-size': sizes(0.4, 0.62),
      'symbol-sort-key': ['get', 'rank'],
    },
  });
  return [
    {
      id: 'dots',
      type: 'circle',
      source: 'cameras',
      filter: well as never,
      paint: {
        'circle-color': colour('--map-camera'),
        // As large as the symbol's own dot where one is near, small where all of a city is in view.
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 9, 1.4, 12, 3, 14, 6.1, 16, 7.4],
        'circle-stroke-color': colour('--card'),
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 9, 0.3, 14, 1.5],
      },
    },
    { ...symbols('pointing', well), minzoom: POINTING_ZOOM } as LayerSpecification,
    symbols('marks', ['!', well]),
  ];
}

/** From here on one sees which way a camera looks. */
const POINTING_ZOOM = 13.5;

export type Features = Exclude<GeoJSONSourceSpecification['data'], string>;
export type Feature = Extract<Features, { type: 'Feature' }>;
export type Look = HealthState | 'chosen';
export const RANK: Record<Look, number> = {
  recording: 0, reconnecting: 1, never: 2, gap: 3, chosen: 4,
};
const look = (c: MapCamera): Look => (c.chosen ? 'chosen' : (c.state ?? 'recording'));

export function feature(c: MapCamera): Feature {
  const l = look(c);
  const turns = l === 'recording' || l === 'chosen';
  return {
    type: 'Feature',
    id: c.id,
    geometry: { type: 'Point', coordinates: [c.lon, c.lat] },
    properties: {
      id: c.id,
      icon: `${l}${turns && c.heading_deg !== null ? '-points' : ''}`,
      turn: turns ? (c.heading_deg ?? 0) : 0,
      rank: RANK[l],
    },
  };
}
export const collection = (features: Feature[]): Features => ({
  type: 'FeatureCollection',
  features,
});
/** Whether two look the same on the map. */
export const same = (a: MapCamera | undefined, b: MapCamera): boolean =>
  a === b ||
  (!!a &&
    a.lat === b.lat &&
    a.lon === b.lon &&
    a.heading_deg === b.heading_deg &&
    look(a) === look(b));

/** Draws one mark, 64×64: grey dot with a point for the normal, shape + letter for the abnormal. */
export function icon(l: Look, points: boolean): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const g = canvas.getContext('2d', { willReadFrequently: true })!;
  const path = (d: string) => new Path2D(d);
  const shapes: Record<Look, Path2D> = {
    recording: path('M32 20a12 12 0 1 0 0 24a12 12 0 1 0 0-24Z'),
    chosen: path('M32 16a16 16 0 1 0 0 32a16 16 0 1 0 0-32Z'),
    reconnecting: path('M32 8 56 32 32 56 8 32Z'),
    gap: path('M32 6 60 54H4Z'),
    never: path('M10 10H54V54H10Z'),
  };
  const fill = {
    recording: '--map-camera',
    chosen: '--accent',
    reconnecting: '--warn',
    gap: '--bad',
    never: '--bad',
  };
  g.lineJoin = 'round';
  g.lineWidth = 6;
  g.strokeStyle = colour('--card');
  g.fillStyle = colour(fill[l]);
  if (points) {
    // One shape with the dot: a drop whose tip looks where the camera looks.
    const point = path(l === 'chosen' ? 'M32 0 47 26H17Z' : 'M32 3 43 27H21Z');
    g.stroke(point);
    g.fill(point);
  }
  g.stroke(shapes[l]);
  g.fill(shapes[l]);
  const letter = { recording: '', chosen: '', reconnecting: 'R', gap: 'G', never: 'N' }[l];
  if (letter) {
    g.fillStyle = colour('--card');
    g.font = `700 26px ${colour('--font')}`;
    g.textAlign = 'center';
    g.fillText(letter, 32, l === 'gap' ? 49 : 41);
  }
  return g.getImageData(0, 0, 64, 64);
}
