// The map itself: MapLibre with the city's own base map, no outside tiles, no glyph files. Loaded lazily.
import 'maplibre-gl/dist/maplibre-gl.css';
import {
  LngLatBounds,
  Map as MapLibre,
  NavigationControl,
  setWorkerUrl,
  type GeoJSONSource,
  type GeoJSONSourceSpecification,
  type LayerSpecification,
  type StyleSpecification,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { HealthState } from '../api/types';

// Without this MapLibre 6 looks for its worker beside a file that Vite has renamed: a silent blank map.
setWorkerUrl(workerUrl);

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

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const BASE = `${location.origin}/basemap/basemap.geojson`;
/** Ways for people on foot and by bicycle: drawn thin. */
const PATHS = ['footway', 'path', 'steps', 'cycleway', 'pedestrian', 'service', 'track', 'bridleway'];
const CENTRE: [number, number] = [24.944, 60.1715];

function layers(): LayerSpecification[] {
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
    filter: ['all', of('roads'), path ? narrow : ['!', narrow], ['in', 'LineString', ['geometry-type']]] as never,
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
    { id: 'beyond', type: 'fill', source: 'beyond', paint: { 'fill-color': colour('--sunk'), 'fill-antialias': false } },
    { id: 'edge', type: 'line', source: 'beyond', paint: { 'line-color': colour('--line'), 'line-width': 1.5 } },
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

const style = (): StyleSpecification => ({
  version: 8,
  sources: {
    base: { type: 'geojson', data: BASE, attribution: '© OpenStreetMap contributors', maxzoom: 17 },
    beyond: { type: 'geojson', data: collection([]) },
    views: { type: 'geojson', data: collection([]) },
    place: { type: 'geojson', data: collection([]) },
    cameras: { type: 'geojson', data: collection([]) },
  },
  layers: [
    ...layers(),
    ...extraLayers(),
    {
      id: 'cameras',
      type: 'symbol',
      source: 'cameras',
      layout: {
        'icon-image': ['get', 'icon'],
        'icon-rotate': ['get', 'turn'],
        'icon-rotation-alignment': 'map',
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'icon-size': ['interpolate', ['linear'], ['zoom'], 12, 0.4, 16, 0.62],
        'symbol-sort-key': ['get', 'rank'],
      },
    },
  ],
});

type Features = Exclude<GeoJSONSourceSpecification['data'], string>;
type Look = HealthState | 'chosen';
const RANK: Record<Look, number> = { recording: 0, reconnecting: 1, never: 2, gap: 3, chosen: 4 };
const look = (c: MapCamera): Look => (c.chosen ? 'chosen' : (c.state ?? 'recording'));

function collection(cameras: MapCamera[]): Features {
  return {
    type: 'FeatureCollection',
    features: cameras.map((c) => {
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
    }),
  };
}

/** Draws one mark, 64×64: grey dot with a point for the normal, shape + letter for the abnormal. */
function icon(l: Look, points: boolean): ImageData {
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
  const fill = { recording: '--map-camera', chosen: '--accent', reconnecting: '--warn', gap: '--bad', never: '--bad' };
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

const FIT = { padding: 36, maxZoom: 16 };
function around(cameras: MapCamera[]): LngLatBounds {
  const box = new LngLatBounds();
  for (const c of cameras) box.extend([c.lon, c.lat]);
  return box;
}

export class CityMap {
  readonly #map: MapLibre;
  #cameras: MapCamera[] = [];
  #extra: MapExtra = { views: [], place: null };
  readonly #drawn: () => void;
  #ready = false;
  #fitted = false;
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  readonly #recolour = () => this.#dress(true);

  /** Throws when the browser has no WebGL2. */
  constructor(
    box: HTMLElement,
    cameras: MapCamera[],
    hear: {
      choose: (id: number) => void;
      place?: (at: { lat: number; lon: number }) => void;
      baseFailed: () => void;
      drawn: () => void;
    },
  ) {
    this.#cameras = cameras;
    this.#drawn = hear.drawn;
    this.#map = new MapLibre({
      container: box,
      style: style(),
      ...(cameras.length
        ? { bounds: around(cameras), fitBoundsOptions: FIT }
        : { center: CENTRE, zoom: 14.4 }),
      minZoom: 11,
      maxZoom: 19,
      attributionControl: { compact: false },
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      cooperativeGestures: false,
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
    this.#map.on('error', (e) => {
      if ((e as { sourceId?: string }).sourceId === 'base') hear.baseFailed();
    });
    this.#map.on('load', () => {
      this.#dress(false);
      void this.#frame();
    });
    this.#map.on('click', (e) => {
      const p = e.point;
      const hit = this.#map.queryRenderedFeatures(
        [
          [p.x - 8, p.y - 8],
          [p.x + 8, p.y + 8],
        ],
        { layers: ['cameras'] },
      )[0];
      if (hit) hear.choose(Number(hit.properties['id']));
      else hear.place?.({ lat: e.lngLat.lat, lon: e.lngLat.lng });
    });
    this.#map.on('mousemove', 'cameras', () => (this.#map.getCanvas().style.cursor = 'pointer'));
    this.#map.on('mouseleave', 'cameras', () => (this.#map.getCanvas().style.cursor = ''));
    this.#dark.addEventListener('change', this.#recolour);
  }

  #dress(again: boolean): void {
    for (const l of Object.keys(RANK) as Look[]) {
      for (const points of [false, true]) {
        const name = `${l}${points ? '-points' : ''}`;
        if (this.#map.hasImage(name)) this.#map.removeImage(name);
        this.#map.addImage(name, icon(l, points));
      }
    }
    if (again) {
      for (const l of [...layers(), ...extraLayers()]) {
        for (const [k, v] of Object.entries(l.paint ?? {})) {
          if (k.endsWith('-color')) this.#map.setPaintProperty(l.id, k as never, v as never);
        }
      }
    }
    this.#ready = true;
    this.show(this.#cameras);
    this.mark(this.#extra);
  }

  /** Covers what lies outside of the base map. */
  async #frame(): Promise<void> {
    const b = await this.#map.getSource<GeoJSONSource>('base')?.getBounds().catch(() => null);
    if (!b || b.isEmpty()) return;
    const [w, s, e, n] = [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()];
    const outer = [[-179, -84], [179, -84], [179, 84], [-179, 84], [-179, -84]];
    const inner = [[w, s], [w, n], [e, n], [e, s], [w, s]];
    const geometry = { type: 'Polygon' as const, coordinates: [outer, inner] };
    this.#map.getSource<GeoJSONSource>('beyond')?.setData({ type: 'Feature', properties: {}, geometry });
  }

  show(cameras: MapCamera[]): void {
    this.#cameras = cameras;
    if (!this.#ready) return;
    this.#map.getSource<GeoJSONSource>('cameras')?.setData(collection(cameras));
    if (!this.#fitted && cameras.length) {
      this.#fitted = true;
      this.#map.fitBounds(around(cameras), { ...FIT, animate: false });
      this.#map.once('idle', this.#drawn);
    }
  }

  mark(extra: MapExtra): void {
    this.#extra = extra;
    if (!this.#ready) return;
    const of = (name: string) => this.#map.getSource<GeoJSONSource>(name);
    of('views')?.setData({
      type: 'FeatureCollection',
      features: extra.views.map(({ ring, chosen }) => ({
        type: 'Feature',
        geometry: { type: 'Polygon', coordinates: [ring] },
        properties: { chosen },
      })),
    });
    const at = extra.place;
    const point = at && { type: 'Point' as const, coordinates: [at.lon, at.lat] };
    of('place')?.setData({
      type: 'FeatureCollection',
      features: point ? [{ type: 'Feature', geometry: point, properties: {} }] : [],
    });
  }

  goTo(c: { lat: number; lon: number }): void {
    if (!this.#map.getBounds().contains([c.lon, c.lat])) this.#map.easeTo({ center: [c.lon, c.lat] });
  }

  close(): void {
    this.#dark.removeEventListener('change', this.#recolour);
    this.#map.remove();
  }
}
