// The trail of a unit, from whichever shape the server's `trail` member has: a GeoJSON line, or a list of positions.
import type { Position } from "geojson";

type Loose = Record<string, unknown>;

function position(value: unknown): Position | null {
  const pair = Array.isArray(value)
    ? (value as unknown[])
    : value !== null && typeof value === "object"
      ? ((value as Loose)["position"] ??
        (value as Loose)["coordinates"] ?? [(value as Loose)["lon"], (value as Loose)["lat"]])
      : null;
  if (!Array.isArray(pair)) return null;
  const [lon, lat] = pair as unknown[];
  return typeof lon === "number" && typeof lat === "number" ? [lon, lat] : null;
}

/** Empty where there is no trail, or one too short to be a line. */
export function trailPositions(trail: unknown): Position[] {
  const list =
    trail !== null && typeof trail === "object" && !Array.isArray(trail)
      ? (trail as Loose)["coordinates"]
      : trail;
  if (!Array.isArray(list)) return [];
  const positions = (list as unknown[]).map(position).filter((one): one is Position => one !== null);
  return positions.length < 2 ? [] : positions;
}
