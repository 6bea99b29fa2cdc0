// Which part of the world a wall subscribes to: the whole city of its scenes, so that the rail lists an alarm outside the view and
// scenes change without waiting; or the view itself where somebody looks elsewhere. Pure.

import type { CatalogLayer } from "../server/shapes";

export type Box = [west: number, south: number, east: number, north: number];

const AROUND_SCENES_DEGREES = 0.35;
/** A wider subscription than this would be more cells than the server streams. */
const WIDEST_DEGREES = 1.6;

export function boxAround(centers: readonly [number, number][]): Box | null {
  if (centers.length === 0) return null;
  const lons = centers.map(([lon]) => lon);
  const lats = centers.map(([, lat]) => lat);
  return [
    Math.min(...lons) - AROUND_SCENES_DEGREES,
    Math.max(-85, Math.min(...lats) - AROUND_SCENES_DEGREES),
    Math.max(...lons) + AROUND_SCENES_DEGREES,
    Math.min(85, Math.max(...lats) + AROUND_SCENES_DEGREES),
  ];
}

/** Cameras are drawn from tiles, but held too: a hit names its camera by id, and the rail says its name. */
export const CAMERAS = "cameras";

/** The layers whose features are all held and drawn from here. */
export const liveLayers = (catalog: readonly CatalogLayer[]): string[] =>
  catalog.filter(({ wall }) => wall.live).map(({ name }) => name);

/** Live layers always, for the rail; cameras always, for their names. Never sightings: their every read would come along. */
export function subscribedLayers(catalog: readonly CatalogLayer[]): string[] {
  return catalog.filter(({ name, wall }) => wall.live || name === CAMERAS).map(({ name }) => name);
}

/** Other layers that are shown, of which only the changed tiles are told. */
export function tileLayers(catalog: readonly CatalogLayer[], shown: ReadonlySet<string>): string[] {
  const subscribed = subscribedLayers(catalog);
  return catalog
    .filter(({ name, kind }) => kind === "state" && shown.has(name) && !subscribed.includes(name))
    .map(({ name }) => name);
}

const overlaps = (a: Box, b: Box): boolean => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function narrowed(low: number, high: number): [number, number] {
  const middle = (low + high) / 2;
  const half = Math.min(WIDEST_DEGREES, (high - low) * 1.5) / 2;
  return [middle - half, middle + half];
}

/** The home box while the view touches it, else the view with a margin, no wider than can be streamed. */
export function subscriptionBox(home: Box | null, view: Box): Box {
  if (home !== null && overlaps(home, view)) return home;
  const [west, east] = narrowed(view[0], view[2]);
  const [south, north] = narrowed(view[1], view[3]);
  return [Math.max(-180, west), Math.max(-85, south), Math.min(180, east), Math.min(85, north)];
}
