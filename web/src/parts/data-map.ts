// A map of whatever has a place: points, lines and areas in the colours that a page gives them, one
// pointed at, one chosen, and an outline that is being drawn. Loaded lazily, as all maps are.
import 'maplibre-gl/dist/maplibre-gl.css';
import {
  LngLatBounds,
  Map as MapLibre,
  type GeoJSONSource,
  type LayerSpecification,
  type MapGeoJSONFeature,
} from 'maplibre-gl';
import { CENTRE, coverBeyond, FLAT, flatten, recolour } from './map-base';
import { colour, groundStyle, layersOfGround } from './map-style';
import type { MapOutline, MapThing } from './map-things';

const FIT = { padding: 40, maxZoom: 16.5 };
/** Nearer to a thing than this, one points at it; pixels. A finger is broader than a thin line. */
const NEAR = 7;
const HIT = ['data-points', 'data-lines', 'data-areas'];

type Features = Parameters<GeoJSONSource['setData']>[0];
const none: Features = { type: 'FeatureCollection', features: [] };

function around(positions: [number, number][]): LngLatBounds {
  const box = new LngLatBounds();
  for (const p of positions) box.extend(p);
  return box;
}

function dataLayers(): LayerSpecification[] {
  const of = (kind: string) => ['in', kind, ['geometry-type']] as never;
  const state = (name: string) => ['boolean', ['feature-state', name], false];
  const lit = (usual: number, hot: number, chosen: number) =>
    ['case', state('chosen'), chosen, state('hot'), hot, usual] as never;
  const own = ['get', 'colour'] as never;
  const edge = ['case', state('chosen'), colour('--accent'), ['get', 'edge']] as never;
  const source = 'data';
  return [
    {
      id: 'data-areas',
      type: 'fill',
      source,
      filter: of('Polygon'),
      paint: { 'fill-color': own, 'fill-opacity': lit(0.75, 0.85, 0.9) },
    },
    {
      id: 'data-rims',
      type: 'line',
      source,
      filter: of('Polygon'),
      paint: { 'line-color': edge, 'line-width': lit(1, 2.5, 3.5) },
    },
    {
      id: 'data-cases',
      type: 'line',
      source,
      filter: of('LineString'),
      layout: { 'line-cap': 'round' },
      paint: { 'line-color': edge, 'line-width': lit(6, 9, 11) },
    },
    {
      id: 'data-lines',
      type: 'line',
      source,
      filter: of('LineString'),
      layout: { 'line-cap': 'round' },
      paint: { 'line-color': own, 'line-width': lit(4, 5.5, 6) },
    },
    {
      id: 'data-points',
      type: 'circle',
      source,
      filter: of('Point'),
      paint: {
        'circle-color': own,
        'circle-radius': lit(6.5, 9, 10),
        'circle-stroke-color': edge,
        'circle-stroke-width': lit(1.25, 2, 3.5),
      },
    },
    {
      id: 'drawn-area',
      type: 'fill',
      source: 'drawn',
      filter: of('Polygon'),
      paint: { 'fill-color': colour('--accent'), 'fill-opacity': 0.15 },
    },
    {
      id: 'drawn-line',
      type: 'line',
      source: 'drawn',
      paint: { 'line-color': colour('--accent'), 'line-width': 2, 'line-dasharray': [3, 2] },
    },
    {
      id: 'drawn-corners',
      type: 'circle',
      source: 'drawn',
      filter: of('Point'),
      paint: {
        'circle-color': colour('--card'),
        'circle-radius': 5,
        'circle-stroke-color': colour('--accent'),
        'circle-stroke-width': 2.5,
      },
    },
  ];
}

export class DataMap {
  readonly #map: MapLibre;
  #things: MapThing[] = [];
  #outline: MapOutline | null = null;
  #hot: string | null = null;
  #chosen: string | null = null;
  #ready = false;
  #fitted = '';
  readonly #drawn: () => void;
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  readonly #redress = () => {
    recolour(this.#map, [...layersOfGround(), ...dataLayers()]);
    this.#fill();
  };

  /** Throws when the browser has no WebGL2. */
  constructor(
    box: HTMLElement,
    hear: {
      choose: (id: string | null) => void;
      point: (id: string | null, at: { x: number; y: number }) => void;
      place?: (at: { lat: number; lon: number }) => void;
      baseFailed: () => void;
      drawn: () => void;
    },
  ) {
    this.#drawn = hear.drawn;
    const style = groundStyle();
    const empty = { type: 'geojson' as const, data: none };
    this.#map = new MapLibre({
      container: box,
      style: {
        ...style,
        sources: { ...style.sources, data: { ...empty, promoteId: 'id' }, drawn: empty },
        layers: [...style.layers, ...dataLayers()],
      },
      center: CENTRE,
      zoom: 14.4,
      ...FLAT,
    });
    flatten(this.#map);
    this.#map.on('error', (e) => {
      if ((e as { sourceId?: string }).sourceId === 'base') hear.baseFailed();
    });
    this.#map.on('load', () => {
      this.#ready = true;
      this.#fill();
      this.#fit();
      this.#outlineNow();
      this.#map.once('idle', this.#drawn);
      void coverBeyond(this.#map);
    });
    this.#map.on('click', (e) => {
      if (hear.place) hear.place({ lat: e.lngLat.lat, lon: e.lngLat.lng });
      else hear.choose(this.#at(e.point));
    });
    this.#map.on('mousemove', (e) => {
      if (this.#map.isMoving() || !this.#ready) return;
      const id = hear.place ? null : this.#at(e.point);
      this.#map.getCanvas().style.cursor = id ? 'pointer' : hear.place ? 'crosshair' : '';
      hear.point(id, e.point);
    });
    this.#map.on('mouseout', () => hear.point(null, { x: 0, y: 0 }));
    this.#dark.addEventListener('change', this.#redress);
  }

  /** What lies at a point of the screen: the nearest point, else a line, else an area. */
  #at(p: { x: number; y: number }): string | null {
    const found = this.#map.queryRenderedFeatures(
      [
        [p.x - NEAR, p.y - NEAR],
        [p.x + NEAR, p.y + NEAR],
      ],
      { layers: HIT },
    );
    const far = (f: MapGeoJSONFeature): number => {
      if (f.geometry.type !== 'Point') return 1e4 + HIT.indexOf(f.layer.id);
      const at = this.#map.project(f.geometry.coordinates as [number, number]);
      return Math.hypot(at.x - p.x, at.y - p.y);
    };
    const best = found.sort((a, b) => far(a) - far(b))[0];
    return best ? String(best.properties['id']) : null;
  }

  show(things: MapThing[], key: string): void {
    this.#things = things;
    if (!this.#ready) return;
    this.#fill();
    // Another question is another part of the city; the same one again leaves the view alone.
    if (key !== this.#fitted) this.#fit(key);
  }
  #fill(): void {
    const edge = colour('--data-edge');
    this.#map.getSource<GeoJSONSource>('data')?.setData({
      type: 'FeatureCollection',
      features: this.#things.map((t) => ({
        type: 'Feature',
        geometry: t.geometry as never,
        properties: { id: t.id, colour: colour(t.colour), edge },
      })),
    });
    this.#mark('hot', null, this.#hot);
    this.#mark('chosen', null, this.#chosen);
  }
  #fit(key = ''): void {
    const all = this.#things.flatMap((t) => t.positions);
    if (!all.length) return;
    this.#fitted = key;
    this.#map.fitBounds(around(all), { ...FIT, animate: false });
  }

  point(id: string | null): void {
    this.#mark('hot', this.#hot, id);
    this.#hot = id;
  }
  choose(id: string | null): void {
    this.#mark('chosen', this.#chosen, id);
    this.#chosen = id;
    const at = this.#things.find((t) => t.id === id)?.positions;
    if (!at?.length || !this.#ready) return;
    const box = around(at);
    const seen = this.#map.getBounds();
    if (!seen.contains(box.getNorthEast()) || !seen.contains(box.getSouthWest())) {
      this.#map.easeTo({ center: box.getCenter() });
    }
  }
  #mark(what: string, before: string | null, now: string | null): void {
    if (!this.#ready) return;
    if (before !== null) this.#map.removeFeatureState({ source: 'data', id: before }, what);
    if (now !== null) this.#map.setFeatureState({ source: 'data', id: now }, { [what]: true });
  }

  outline(outline: MapOutline | null): void {
    this.#outline = outline;
    if (this.#ready) this.#outlineNow();
  }
  #outlineNow(): void {
    const o = this.#outline;
    const feature = (geometry: unknown) => ({
      type: 'Feature' as const,
      properties: {},
      geometry: geometry as never,
    });
    const closed = o && o.ring.length > 2;
    const line = closed
      ? [feature({ type: 'Polygon', coordinates: [[...o.ring, o.ring[0]]] })]
      : o && o.ring.length > 1
        ? [feature({ type: 'LineString', coordinates: o.ring })]
        : [];
    const corners = (o?.corners ?? []).map((c) => feature({ type: 'Point', coordinates: c }));
    this.#map.getSource<GeoJSONSource>('drawn')?.setData({
      type: 'FeatureCollection',
      features: [...line, ...corners],
    });
  }

  close(): void {
    this.#dark.removeEventListener('change', this.#redress);
    this.#map.remove();
  }
}
