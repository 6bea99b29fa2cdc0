// The ground that a pose shows, before there is a map to ask. Web Mercator, tiles of 512 px. Pure.
import type { Box } from "../live/area";
import type { MapPose } from "./address";

const TILE_PX = 512;
const MOST_LAT = 85.051_129;
/** One camera alone is shown with its surroundings. */
const CLOSEST_FIT = 15;
/** How much of the map what is fitted takes. */
const SHARE_FITTED = 0.8;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Where a place is in the world, both from 0 to 1, from its north-west corner. */
export function project([lon, lat]: readonly [number, number]): [x: number, y: number] {
  const clamped = Math.min(MOST_LAT, Math.max(-MOST_LAT, lat));
  const y = Math.log(Math.tan(Math.PI / 4 + radians(clamped) / 2));
  return [(lon + 180) / 360, (1 - y / Math.PI) / 2];
}

export function unproject([x, y]: readonly [number, number]): [lon: number, lat: number] {
  const lat = 2 * Math.atan(Math.exp(Math.PI * (1 - 2 * y))) - Math.PI / 2;
  return [x * 360 - 180, (lat * 180) / Math.PI];
}

/** The pose of a map whose middle lies so many px right of and below the middle of a map in this pose; seen from straight above. */
export function shifted(pose: MapPose, [right, down]: readonly [number, number]): MapPose {
  const [x, y] = project(pose.center);
  const worldPx = TILE_PX * 2 ** pose.zoom;
  const [sin, cos] = [Math.sin(radians(pose.bearing)), Math.cos(radians(pose.bearing))];
  const east = (right * cos - down * sin) / worldPx;
  const south = (right * sin + down * cos) / worldPx;
  return { ...pose, center: unproject([x + east, y + south]) };
}

/** The pose that shows all of these boxes on a map of this size, with some room around; null for none, and for what spans the world. */
export function poseOver(boxes: readonly Box[], width: number, height: number): MapPose | null {
  if (boxes.length === 0) return null;
  const [west, north] = project([
    Math.min(...boxes.map(([w]) => w)),
    Math.max(...boxes.map(([, , , n]) => n)),
  ]);
  const [east, south] = project([
    Math.max(...boxes.map(([, , e]) => e)),
    Math.min(...boxes.map(([, s]) => s)),
  ]);
  if (east - west > 0.5) return null;
  const fits = Math.min(width / (east - west || 1e-9), height / (south - north || 1e-9)) / TILE_PX;
  const zoom = Math.min(CLOSEST_FIT, Math.log2(fits * SHARE_FITTED));
  return { center: unproject([(west + east) / 2, (north + south) / 2]), zoom, bearing: 0, pitch: 0 };
}

/** The box around what a map of this size shows, whatever its bearing; a pitched one sees further, which is not counted. */
export function boxShown(pose: MapPose, width: number, height: number): Box {
  const [x, y] = project(pose.center);
  const worldPx = TILE_PX * 2 ** pose.zoom;
  const [sin, cos] = [Math.abs(Math.sin(radians(pose.bearing))), Math.abs(Math.cos(radians(pose.bearing)))];
  const halfX = (width * cos + height * sin) / 2 / worldPx;
  const halfY = (width * sin + height * cos) / 2 / worldPx;
  const [west, north] = unproject([x - halfX, Math.max(0, y - halfY)]);
  const [east, south] = unproject([x + halfX, Math.min(1, y + halfY)]);
  return [west, south, east, north];
}
