// What the map draws for a place that somebody looks at: the point, a numbered mark on each camera of the lists, a line of sight from
// those that see it, and a trail. Pure.
import type { Feature, Position } from "geojson";

import { numberedCameras } from "../camera-numbers";
import type { Found } from "../server/shapes";
import type { Answer } from "../state/wall.svelte";
import { anchorOf } from "./anchor";

export interface Sighted {
  id: string | null;
  seeing: Answer<Found[]>;
  near: Answer<Found[]>;
}

export const pair = (position: Position | null): [number, number] | null =>
  position?.[0] === undefined || position[1] === undefined ? null : [position[0], position[1]];

const mark = (geometry: Feature["geometry"], properties: Record<string, string>): Feature => ({
  type: "Feature",
  geometry,
  properties,
});

export function selectionFeatures(
  sighted: Sighted,
  at: [number, number],
  trail: Position[],
  most = Infinity,
): Feature[] {
  const features = [mark({ type: "Point", coordinates: at }, { role: "point" })];
  const seeing = sighted.seeing.is === "here" ? sighted.seeing.value : [];
  for (const [id, { camera, number }] of numberedCameras(sighted.seeing, sighted.near)) {
    const from = pair(anchorOf(camera.geometry));
    if (from === null || id === sighted.id || number > most) continue;
    features.push(mark({ type: "Point", coordinates: from }, { role: "camera", number: String(number) }));
    if (seeing.includes(camera)) {
      features.push(mark({ type: "LineString", coordinates: [from, at] }, { role: "sight" }));
    }
  }
  if (trail.length > 1) features.push(mark({ type: "LineString", coordinates: trail }, { role: "trail" }));
  return features;
}
