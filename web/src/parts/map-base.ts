// What all maps of the pages have in common: MapLibre's worker, how one moves about, the edge of
// the base map, and the change between light and dark.
import {
  NavigationControl,
  setWorkerUrl,
  type GeoJSONSource,
  type LayerSpecification,
  type Map as MapLibre,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';

// Without this MapLibre 6 looks for its worker beside a file that Vite has renamed: a silent blank
// map.
setWorkerUrl(workerUrl);

/** Where a map begins that has nothing to show yet. */
export const CENTRE: [number, number] = [24.944, 60.1715];
/** Seen from above, north at the top. */
export const FLAT = {
  minZoom: 9,
  maxZoom: 19,
  attributionControl: { compact: false as const },
  dragRotate: false,
  pitchWithRotate: false,
  fadeDuration: 0,
  cooperativeGestures: false,
};
export function flatten(map: MapLibre): void {
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
}

/** Covers what lies outside of the base map. */
export async function coverBeyond(map: MapLibre): Promise<void> {
  const b = await map
    .getSource<GeoJSONSource>('base')
    ?.getBounds()
    .catch(() => null);
  if (!b || b.isEmpty()) return;
  const [w, s, e, n] = [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()];
  const outer = [
    [-179, -84],
    [179, -84],
    [179, 84],
    [-179, 84],
    [-179, -84],
  ];
  const inner = [
    [w, s],
    [w, n],
    [e, n],
    [e, s],
    [w, s],
  ];
  const geometry = { type: 'Polygon' as const, coordinates: [outer, inner] };
  map.getSource<GeoJSONSource>('beyond')?.setData({ type: 'Feature', properties: {}, geometry });
}

/** Gives layers that are there the colours of the scheme that holds now. */
export function recolour(map: MapLibre, layers: LayerSpecification[]): void {
  for (const l of layers) {
    for (const [k, v] of Object.entries(l.paint ?? {})) {
      if (k.endsWith('-color')) map.setPaintProperty(l.id, k as never, v as never);
    }
  }
}
