// The first picture is streets and what lives; all else is there, hidden, and known by name.
import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import { expect, it } from "vitest";

import { firstStyle } from "./first-style";
import { quickPart } from "./first-picture";

const layer = (id: string, type: string, source: string, rest: object = {}): LayerSpecification =>
  ({ id, type, source, ...rest }) as LayerSpecification;
const style: StyleSpecification = {
  version: 8,
  sources: {
    "data-units": { type: "geojson", data: { type: "FeatureCollection", features: [] } },
    "data-sites": { type: "vector" },
  },
  layers: [
    { id: "ground", type: "background" },
    layer("road", "line", "basemap"),
    layer("rail", "line", "basemap", { paint: { "line-dasharray": [4, 3] } }),
    layer("names", "symbol", "basemap"),
    layer("cameras-dots", "circle", "data-cameras"),
    layer("warnings-hatch", "fill", "data-warnings", { paint: { "fill-pattern": "hatch" } }),
    layer("units", "symbol", "data-units", { layout: { "icon-image": "unit" } }),
    layer("sites", "symbol", "data-sites", { layout: { "icon-image": "site" } }),
    layer("hazards", "symbol", "data-hazards", { layout: { visibility: "none" } }),
  ],
};

it("shows streets and what lives first, and names what was visible and follows", () => {
  const { style: first, later } = firstStyle(style);
  const visible = first.layers.filter((one) => one.layout?.visibility !== "none").map(({ id }) => id);
  expect(visible).toEqual(["ground", "road", "units"]);
  expect(later).toEqual(["rail", "names", "cameras-dots", "warnings-hatch", "sites"]);
  expect(first.layers.map(({ id }) => id)).toEqual(style.layers.map(({ id }) => id));
});

it("a picture of many pixels is first drawn in fewer, a small one in full", () => {
  expect(quickPart(640 * 360)).toBe(1);
  const pixels = 3840 * 2160;
  expect(pixels * quickPart(pixels) ** 2).toBeCloseTo(450_000, -1);
});
