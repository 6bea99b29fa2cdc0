// Trails in any of the shapes they may come in.
import { describe, expect, it } from "vitest";

import { trailPositions } from "./trail";

const line = [
  [1, 2],
  [3, 4],
];

describe("trails", () => {
  it.each([
    ["a GeoJSON line", { type: "LineString", coordinates: line }],
    ["a list of positions", line],
    ["a list of fixes", line.map((position) => ({ position, observed_at: "2026-01-01T00:00:00Z" }))],
    ["a list of lon and lat", line.map(([lon, lat]) => ({ lon, lat }))],
  ])("%s", (_name, trail) => expect(trailPositions(trail)).toEqual(line));

  it("too short, or nothing at all, is no trail", () => {
    for (const trail of [undefined, null, [], [[1, 2]], {}, "line", 7, [["a", "b"], null]]) {
      expect(trailPositions(trail)).toEqual([]);
    }
  });
});
