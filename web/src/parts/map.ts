// The map itself: MapLibre with the city's own base map, no outside tiles, no glyph files. Loaded
// lazily.
import 'maplibre-gl/dist/maplibre-gl.css';
import { LngLatBounds, Map as MapLibre, type GeoJSONSource } from 'maplibre-gl';
import { CENTRE, coverBeyond, FLAT, flatten, recolour } from './map-base';
import {
  collection,
  feature,
  icon,
  layers,
  RANK,
  same,
  style,
  type Look,
  type MapCamera,
  type MapExtra,
} from './map-style';

export type { MapCamera, MapExtra };

/** What a click on a camera may hit. */
const HIT = ['dots', 'marks'];
const FIT = { padding: 36, maxZoom: 16 };
function around(cameras: MapCamera[]): LngLatBounds {
  const box = new LngLatBounds();
  for (const c of cameras) box.extend([c.lon, c.lat]);
  return box;
}

export class CityMap {
  readonly #map: MapLibre;
  #cameras: MapCamera[] = [];
  /** What the map's worker has. */
  #shown = new Map<number, MapCamera>();
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
      ...FLAT,
    });
    flatten(this.#map);
    this.#map.on('error', (e) => {
      if ((e as { sourceId?: string }).sourceId === 'base') hear.baseFailed();
    });
    this.#map.on('load', () => {
      this.#dress(false);
      void coverBeyond(this.#map);
    });
    this.#map.on('click', (e) => {
      const p = e.point;
      const hit = this.#map.queryRenderedFeatures(
        [
          [p.x - 8, p.y - 8],
          [p.x + 8, p.y + 8],
        ],
        { layers: HIT },
      ).at(0);
      if (hit) hear.choose(Number(hit.properties['id']));
      else hear.place?.({ lat: e.lngLat.lat, lon: e.lngLat.lng });
    });
    this.#map.on('mousemove', (e) => {
      // While the map is pulled nobody points at anything.
      if (this.#map.isMoving() || !this.#ready) return;
      const on = this.#map.queryRenderedFeatures(e.point, { layers: HIT }).length > 0;
      this.#map.getCanvas().style.cursor = on ? 'pointer' : '';
    });
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
    if (again) recolour(this.#map, layers());
    this.#ready = true;
    this.show(this.#cameras);
    this.mark(this.#extra);
  }

  show(cameras: MapCamera[]): void {
    this.#cameras = cameras;
    if (!this.#ready) return;
    this.#drawCameras(cameras);
    if (!this.#fitted && cameras.length) {
      this.#fitted = true;
      this.#map.fitBounds(around(cameras), { ...FIT, animate: false });
      this.#map.once('idle', this.#drawn);
    }
  }

  /** Sends the map's worker only what looks otherwise than before. */
  #drawCameras(cameras: MapCamera[]): void {
    const source = this.#map.getSource<GeoJSONSource>('cameras');
    const before = this.#shown;
    this.#shown = new Map(cameras.map((c) => [c.id, c]));
    const add = cameras.filter((c) => !same(before.get(c.id), c)).map(feature);
    const remove = [...before.keys()].filter((id) => !this.#shown.has(id));
    if (!before.size) source?.setData(collection(add));
    // One with an id that is there already takes its place.
    else if (add.length || remove.length) source?.updateData({ add, remove });
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
