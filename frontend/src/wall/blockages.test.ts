// Blocked streets of one junction are one place.
import { expect, it } from "vitest";

import { joined, stands } from "./blockages";
import type { LiveFeature, Value } from "./live/messages";

const line = (id: string, properties: Record<string, Value>): LiveFeature => ({
  type: "Feature",
  id,
  geometry: {
    type: "LineString",
    coordinates: [
      [0, 0],
      [1, 1],
    ],
  },
  properties: { cause: "takeover", intersection: "22nd & Park", ...properties },
});
const point = (id: string, properties: Record<string, Value>): LiveFeature => ({
  ...line(id, properties),
  geometry: { type: "Point", coordinates: [0, 0] },
});

it("the point stands for the streets, and all are as sure and as old as the surest and the oldest", () => {
  const all = joined([
    line("along", { confidence: 0.6, started_at: "2026-01-01T00:00:10Z" }),
    point("at", { confidence: 0.9, started_at: "2026-01-01T00:00:00Z" }),
    line("across", {}),
  ]);
  expect(all.filter(stands).map(({ id }) => id)).toEqual(["at"]);
  expect(all.map(({ properties }) => properties["confidence"])).toEqual([0.9, 0.9, 0.9]);
  expect(new Set(all.map(({ properties }) => properties["started_at"]))).toEqual(
    new Set(["2026-01-01T00:00:00Z"]),
  );
});

it("the first street stands where there is no point, and other places and causes stand alone", () => {
  const all = joined([
    line("a", {}),
    line("b", {}),
    line("c", { cause: "crash" }),
    line("d", { intersection: "Oracle" }),
    line("e", { intersection: "" }),
    line("f", { intersection: "" }),
  ]);
  expect(all.filter(stands).map(({ id }) => id)).toEqual(["a", "c", "d", "e", "f"]);
});
