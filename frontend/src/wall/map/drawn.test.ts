// What the map gets of a live feature: one symbol a place, and a unit beside what it attends.
import { expect, it } from "vitest";

import { joined } from "../blockages";
import type { LiveFeature, Value } from "../live/messages";
import { drawn } from "./drawn";

const feature = (
  id: string,
  geometry: LiveFeature["geometry"],
  properties: Record<string, Value>,
): LiveFeature => ({
  type: "Feature",
  id,
  geometry,
  properties,
});
const NOW = Date.parse("2026-01-01T00:00:00Z");
const made = (layer: string, one: LiveFeature): ReturnType<typeof drawn> =>
  drawn(layer, one, [1, 2], NOW, "UTC");
const POINT = { type: "Point" as const, coordinates: [0, 0] };
const LINE = {
  type: "LineString" as const,
  coordinates: [
    [0, 0],
    [1, 1],
  ],
};

it("a junction with its streets has one symbol, and all of it is as sure", () => {
  const place = { cause: "takeover", intersection: "22nd & Park" };
  const blockages = joined([
    feature("at", POINT, { ...place, confidence: 0.9 }),
    feature("along", LINE, { ...place, confidence: 0.4 }),
  ]);
  const all = blockages.flatMap((one) => made("blockages", one));
  expect(all.map(({ geometry }) => geometry.type)).toEqual(["Point", "LineString"]);
  expect(all.map(({ properties }) => properties?.["confidence"] as number)).toEqual([0.9, 0.9]);
  const [alone] = joined([feature("along", LINE, place)]);
  expect(alone === undefined ? [] : made("blockages", alone).map(({ geometry }) => geometry.type)).toEqual([
    "LineString",
    "Point",
  ]);
});

it("a unit on scene stands beside it, always at the same side, and one on its way where it is", () => {
  const beside = (id: string, status: string): unknown =>
    made("units", feature(id, POINT, { status }))[0]?.properties?.["beside"];
  expect(beside("u1", "en_route")).toBeUndefined();
  expect(beside("u1", "on_scene")).toBe(beside("u1", "on_scene"));
  const sides = new Set(["u1", "u2", "u3", "u4", "u5", "u6", "u7"].map((id) => beside(id, "on_scene")));
  expect(sides.size).toBeGreaterThan(3);
});

it("an area or a line of any layer has a point for its symbol", () => {
  const area = {
    type: "Polygon" as const,
    coordinates: [
      [
        [0, 0],
        [0, 2],
        [2, 2],
        [2, 0],
        [0, 0],
      ],
    ],
  };
  for (const shape of [LINE, area]) {
    const types = made("flood_gates", feature("f", shape, {})).map(({ geometry }) => geometry.type);
    expect(types).toEqual([shape.type, "Point"]);
  }
});
