// What browser tests may look at: the maps and the features held, as read access. Nothing in the wall uses it.
import type { Map as MapLibreMap } from "maplibre-gl";

interface WindowWall {
  readonly map: MapLibreMap;
  /** Of the alarm that is pointed out. */
  inset(): MapLibreMap | null;
  features(layer: string): unknown[];
}

declare global {
  interface Window {
    __wall?: WindowWall;
  }
}

export function openForTests(wall: WindowWall): void {
  window.__wall = Object.freeze(wall);
}
