// The words of the details, and that no plate gets through whole.
import { describe, expect, it } from "vitest";

import { ageLine, cameraLine, facing, fieldLines, hasPlate, placeOf, titleOf, wind } from "./details";
import type { LiveFeature, Value } from "./live/messages";
import type { CatalogLayer } from "./server/shapes";

const feature = (properties: Record<string, Value>): LiveFeature => ({
  type: "Feature",
  id: "7",
  geometry: null,
  properties,
  observed_at: "2026-01-01T00:00:00Z",
  stale_at: "2026-01-01T00:10:00Z",
});
const catalog: CatalogLayer = {
  name: "incidents",
  title: "Incidents",
  kind: "state",
  geometry: ["point"],
  zooms: [0, 22],
  fields: { priority: { type: "integer" }, type: { type: "text" }, opened_at: { type: "time" } },
  stale_after_s: 0,
  expire_after_s: 0,
  retain_days: 1,
  track: false,
  shown_as: "points",
  wall: { live: true, shown_at_first: true },
};

describe("details", () => {
  it("lists fields in the catalog's order, with units and times in words", () => {
    const lines = fieldLines(
      feature({
        range_m: 80,
        opened_at: "2026-01-01T00:00:00Z",
        type: "house_fire",
        priority: 1,
        empty: null,
      }),
      catalog,
      "America/Phoenix",
    );
    expect(lines).toEqual([
      { name: "Priority", value: "1" },
      { name: "Type", value: "House fire" },
      { name: "Opened", value: "17:00:00" },
      { name: "Range", value: "80 m" },
    ]);
  });
  it("says codes in words, and leaves what somebody wrote as it is", () => {
    const said = (properties: Record<string, Value>): string[] =>
      fieldLines(feature(properties), undefined, "UTC").map((line) => line.value);
    expect(said({ status: "enroute" })).toEqual(["En route"]);
    expect(said({ status: "on_scene" })).toEqual(["On scene"]);
    expect(said({ camera_kind: "ptz" })).toEqual(["PTZ"]);
    expect(said({ note: "see file on_scene" })).toEqual(["see file on_scene"]);
  });
  it("names the place that the feature itself names, and no other", () => {
    expect(placeOf(feature({ address: " ", intersection: "Stone & 6th" }))).toBe("Stone & 6th");
    expect([placeOf(feature({})), placeOf(null)]).toEqual(["", ""]);
  });
  it("shows a plate in full only where it was opened, and nothing else changes", () => {
    const hit = feature({ plate: "ABC1234", reason: "stolen" });
    const plates = (open: boolean): string[] =>
      fieldLines(hit, undefined, "UTC", open).map((line) => line.value);
    expect(plates(false)).not.toContain("ABC1234");
    expect(plates(true)).toEqual(plates(false).map((value) => (value.includes("•") ? "ABC1234" : value)));
    expect([hasPlate(hit), hasPlate(feature({})), hasPlate(null)]).toEqual([true, false, false]);
  });

  it("masks plates", () => {
    const lines = fieldLines(feature({ plate: "ABC1234" }), undefined, "UTC");
    expect(JSON.stringify(lines)).not.toContain("ABC1234");
  });
  it("finds a title, or falls back to the id", () => {
    expect(titleOf(feature({ type: "traffic_stop" }), "incidents")).toBe("Traffic stop");
    expect(titleOf(feature({}), "incidents")).toBe("7");
    expect(titleOf(null, null)).toBe("This place");
  });
  it("says how old, and when that is too old", () => {
    expect(ageLine(feature({}), Date.parse("2026-01-01T00:00:12Z"))).toBe("observed 12 s ago");
    expect(ageLine(feature({}), Date.parse("2026-01-01T00:12:00Z"))).toBe("STALE, observed 12 min ago");
  });
  it("says how far a camera is, and which way", () => {
    const line = cameraLine({
      type: "Feature",
      id: "c-1",
      geometry: { type: "Point", coordinates: [0, 0] },
      properties: {
        name: "Speedway",
        distance_m: 1240,
        bearing_deg: 350,
        heading_deg: 229,
        why: "in its view",
      },
    });
    expect(line).toEqual({
      id: "c-1",
      name: "Speedway",
      far: "1.2 km N",
      why: "in its view",
      facing: "looks SW",
      registered: false,
    });
    expect(wind(-90)).toBe("W");
    expect(facing({})).toBe("");
    expect(facing({ heading_deg: 0, fov_deg: 360 })).toBe("");
  });
});
