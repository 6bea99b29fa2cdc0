// The subscribed area stays put while the wall looks at its city, and never grows past what can be streamed.
import { describe, expect, it } from "vitest";

import type { CatalogLayer } from "../server/shapes";
import { boxAround, subscribedLayers, subscriptionBox, tileLayers, type Box } from "./area";

const home = boxAround([
  [-110.94, 32.22],
  [-110.97, 32.25],
]);

describe("the subscribed area", () => {
  it("is the city, wherever in the city the wall looks", () => {
    const views: Box[] = [
      [-110.98, 32.21, -110.96, 32.23],
      [-111.2, 32.0, -110.7, 32.4],
      [-120, 20, -100, 40],
    ];
    for (const view of views) expect(subscriptionBox(home, view)).toEqual(home);
  });
  it("follows a view far away", () => {
    const [west, south, east, north] = subscriptionBox(home, [2.3, 48.8, 2.4, 48.9]);
    expect(west).toBeLessThan(2.3);
    expect(east).toBeGreaterThan(2.4);
    expect(south).toBeLessThan(48.8);
    expect(north).toBeGreaterThan(48.9);
  });
  it("never gets wider than can be streamed", () => {
    const [west, south, east, north] = subscriptionBox(null, [-180, -85, 180, 85]);
    expect(east - west).toBeLessThanOrEqual(1.6);
    expect(north - south).toBeLessThanOrEqual(1.6);
  });
});

describe("the subscribed layers", () => {
  const layer = (name: string, kind: CatalogLayer["kind"] = "state"): CatalogLayer => ({
    name,
    title: name,
    kind,
    geometry: ["point"],
    zooms: [0, 22],
    fields: {},
    stale_after_s: 0,
    expire_after_s: 0,
    retain_days: 1,
    track: false,
    shown_as: "points",
    wall: { live: name === "units" || name === "lamps", shown_at_first: true },
  });
  const catalog = [
    layer("cameras"),
    layer("coverage", "derived"),
    layer("units"),
    layer("lamps"),
    layer("sites"),
    layer("hazards"),
    layer("alpr_reads", "sighting"),
  ];
  it("are the live ones and cameras; of what else is shown the tiles alone, and never sightings", () => {
    const shown = new Set(["sites", "coverage", "alpr_reads", "units"]);
    expect(subscribedLayers(catalog)).toEqual(["cameras", "units", "lamps"]);
    expect(tileLayers(catalog, shown)).toEqual(["sites"]);
  });
});
