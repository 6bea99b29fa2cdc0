// What browser tests may look at: the map and the features held, as read access. Nothing in the wall uses it.
import type { Map as MapLibreMap } from "maplibre-gl";

declare global {
  interface Window {
    __wall?: { readonly map: MapLibreMap; features(layer: string): unknown[] };
  }
}

export function openForTests(map: MapLibreMap, features: (layer: string) => unknown[]): void {
  window.__wall = Object.freeze({ map, features });
}
