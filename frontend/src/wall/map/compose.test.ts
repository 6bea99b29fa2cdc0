// The composed style is valid, uses only symbols that exist, and what is shown stands out from the ground.
import { readFileSync, readdirSync } from "node:fs";

import { validateStyleMin, type StyleSpecification } from "@maplibre/maplibre-gl-style-spec";
import { describe, expect, it } from "vitest";

import { dataColours, symbolColours } from "../../look/palette";
import type { CatalogLayer, Ground } from "../server/shapes";
import { compose } from "./compose";
import { drawingOf } from "./overlay/legend";

const styles = new URL("../../../../styles/", import.meta.url);
const icons = new Set(
  readdirSync(new URL("icons/", styles))
    .filter((name) => name.endsWith(".svg"))
    .map((name) => name.replace(".svg", "")),
);
const base = (theme: string): StyleSpecification =>
  JSON.parse(readFileSync(new URL(`${theme}.json`, styles), "utf8")) as StyleSpecification;
const ground = (theme: string): Ground => ({
  style: base(theme),
  basemap: { tiles: ["http://wall/tiles/basemap/{z}/{x}/{y}"], minzoom: 0, maxzoom: 16, attribution: "" },
});
const LIVE = ["incidents", "alpr_hits", "blockages", "units", "perimeters", "closures", "warnings", "lamps"];
const layer = (name: string): CatalogLayer => ({
  name,
  title: name,
  kind: "state",
  geometry: ["point", "line", "polygon"],
  zooms: [0, 22],
  fields: {},
  stale_after_s: 0,
  expire_after_s: 0,
  retain_days: 1,
  track: false,
  shown_as: "points",
  wall: { live: LIVE.includes(name), shown_at_first: true },
});
const NAMES = [
  "cameras",
  "coverage",
  "incidents",
  "alpr_hits",
  "alpr_reads",
  "blockages",
  "units",
  "perimeters",
  "sites",
  "closures",
  "warnings",
  "hazards",
  "street_lights",
  "lamps",
];
const composed = (theme: "night" | "day"): StyleSpecification =>
  compose(ground(theme), theme, NAMES.map(layer), new Set(NAMES), "http://wall").style;

describe.each(["night", "day"] as const)("the %s style", (theme) => {
  it("is valid", () => {
    // Fonts are drawn by the browser from a family name; the specification's checker still wants glyphs.
    const errors = validateStyleMin({ ...composed(theme), glyphs: "http://wall/{fontstack}/{range}" });
    expect(errors.map((error) => error.message)).toEqual([]);
  });

  it("asks nobody but its own server", () => {
    const addresses = JSON.stringify(composed(theme)).match(/https?:\/\/[^"/]+/g) ?? [];
    expect([...new Set(addresses)]).toEqual(["http://wall"]);
  });

  it("names the tiles of every source, so that nothing is asked before them", () => {
    for (const source of Object.values(composed(theme).sources)) {
      if (source.type === "vector") expect(source.tiles).toHaveLength(1);
      expect(source).not.toHaveProperty("url");
    }
  });

  it("names only patterns that exist", () => {
    const patterns = JSON.stringify(composed(theme)).match(/"(?:line|fill)-pattern":"([^"]+)"/g) ?? [];
    expect(patterns.length).toBeGreaterThan(0);
    for (const pattern of patterns) expect(icons).toContain(pattern.split('"')[3]);
  });

  it("puts every symbol above every name, and every name above every line and area", () => {
    const own = composed(theme).layers.filter((one) => "source" in one && one.source.startsWith("data-"));
    const heights = own.map((one) =>
      one.type !== "symbol" ? "area" : one.layout?.["icon-image"] === undefined ? "name" : "symbol",
    );
    expect([...new Set(heights)]).toEqual(["area", "name", "symbol"]);
    expect(heights.filter((height, i) => height !== heights[i - 1])).toEqual(["area", "name", "symbol"]);
  });

  it("keeps labels readable on the ground: 4.5 to 1 at least", () => {
    const colours = dataColours(theme);
    expect(contrast(colours.label, colours.label_halo)).toBeGreaterThan(4.5);
    const ground = base(theme).layers[0]?.paint as { "background-color": string };
    for (const one of composed(theme).layers) {
      const paint = one.paint as Record<string, unknown> | undefined;
      const text = paint?.["text-color"];
      if (typeof text !== "string" || one.id === "label-water") continue;
      if (one.id === "selection-camera-number") {
        expect(contrast(text, colours.sightline)).toBeGreaterThan(4.5);
        continue;
      }
      expect(contrast(text, ground["background-color"]), one.id).toBeGreaterThan(4.5);
    }
  });

  it("keeps lines and edges of data visible on the ground: 3 to 1 at least", () => {
    const colours = dataColours(theme);
    const ground = (base(theme).layers[0]?.paint as { "background-color": string })["background-color"];
    for (const name of ["coverage", "perimeter", "closure", "blockage", "warning", "selection"] as const) {
      expect(contrast(colours[name], ground), name).toBeGreaterThan(3);
    }
  });
});

describe("symbols", () => {
  const expected = [
    ...["police", "fire", "medical", "alternative", "other"].flatMap((kind) =>
      ["1", "2", "3", "low"].map((severity) => `incident-${kind}-${severity}`),
    ),
    ...["patrol", "engine", "medic", "drone", "tethered", "alternative", "other"].flatMap((kind) => [
      `unit-${kind}-busy`,
      `unit-${kind}-free`,
    ]),
    ...["fixed", "ptz", "panoramic", "alpr", "drone", "tethered", "other"].flatMap((kind) => [
      `camera-${kind}-on`,
      `camera-${kind}-off`,
    ]),
    ...["confirmed", "unverified", "dismissed"].map((status) => `alpr-hit-${status}`),
    ...["takeover", "crash", "work", "event", "unknown"].flatMap((cause) => [
      `blockage-${cause}-sure`,
      `blockage-${cause}-unsure`,
    ]),
    ...[
      "school",
      "worship",
      "government",
      "hospital",
      "fire_station",
      "police_station",
      "transit",
      "station",
      "other",
    ].map((kind) => `site-${kind}`),
    "hazard",
    "closure",
    "warning",
  ];
  it.each(expected)("%s exists", (name) => expect(icons).toContain(name));
  it.each(NAMES)("%s has a symbol in lists", (name) => expect(icons).toContain(drawingOf(name).icon));
  it("severities differ in lightness, not in hue alone", () => {
    const steps = [symbolColours.severity_1, symbolColours.severity_2, symbolColours.severity_3].map(
      luminance,
    );
    expect(new Set(steps.map((step) => step.toFixed(1))).size).toBeGreaterThan(1);
  });
});

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}
