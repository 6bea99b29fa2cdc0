// One place that stands for a geometry: where a card points to, where a badge sits, what "near" is measured from.
import type { Geometry, Position } from "geojson";

function middle(line: Position[]): Position | null {
  return line[Math.floor(line.length / 2)] ?? null;
}

function mean(ring: Position[]): Position | null {
  const corners = ring.length > 1 ? ring.slice(0, -1) : ring;
  if (corners.length === 0) return null;
  const [lon, lat] = corners.reduce<[number, number]>(
    ([x, y], corner) => [x + (corner[0] ?? 0), y + (corner[1] ?? 0)],
    [0, 0],
  );
  return [lon / corners.length, lat / corners.length];
}

/** Where several lines meet at an end, that is the place they are about: the blocked legs of a junction. */
function junction(lines: Position[][]): Position | null {
  const ends = new Map<string, number>();
  for (const line of lines) {
    for (const end of new Set([line[0], line.at(-1)].map((corner) => JSON.stringify(corner)))) {
      const times = (ends.get(end) ?? 0) + 1;
      if (times > 1) return JSON.parse(end) as Position;
      ends.set(end, times);
    }
  }
  return middle(lines[0] ?? []);
}

/** Null for no geometry and for empty ones. */
export function anchorOf(geometry: Geometry | null): Position | null {
  switch (geometry?.type) {
    case "Point":
      return geometry.coordinates.length >= 2 ? geometry.coordinates : null;
    case "MultiPoint":
      return geometry.coordinates[0] ?? null;
    case "LineString":
      return middle(geometry.coordinates);
    case "MultiLineString":
      return junction(geometry.coordinates);
    case "Polygon":
      return mean(geometry.coordinates[0] ?? []);
    case "MultiPolygon":
      return mean(geometry.coordinates[0]?.[0] ?? []);
    case "GeometryCollection":
      return anchorOf(geometry.geometries[0] ?? null);
    default:
      return null;
  }
}
