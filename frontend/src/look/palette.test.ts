// The palette under the three colour-vision deficiencies: whatever has a meaning of its own is told apart by its colour, or is named
// here as told apart by its form, and then its form does differ. Shape and fill carry the same meaning beside the colour elsewhere too.
import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { drawingOf } from "../wall/map/overlay/legend";
import { dataColours, symbolColours } from "./palette";
import { apart, ciede2000, VISIONS, type Triple } from "./vision";

/** Which symbols rely on their form beside colour: the list is exact, so that a new colour has to be thought of. */
const TOLD_BY_FORM: string[] = [
  "severity_2, closure",
  "severity_3, severity_low",
  "severity_3, patrol",
  "severity_3, engine",
  "severity_3, unit_other",
  "severity_3, camera",
  "severity_3, warning",
  "severity_3, dismissed",
  "severity_3, coverage",
  "severity_3, other",
  "severity_low, engine",
  "severity_low, camera_off",
  "severity_low, warning",
  "severity_low, dismissed",
  "severity_low, other",
  "patrol, medic",
  "patrol, perimeter",
  "patrol, coverage",
  "patrol, other",
  "engine, camera_off",
  "engine, warning",
  "engine, dismissed",
  "engine, other",
  "medic, coverage",
  "drone, site",
  "alternative, hazard",
  "unit_other, camera",
  "unit_other, site",
  "unit_other, other",
  "camera, site",
  "camera, other",
  "camera_off, warning",
  "camera_off, dismissed",
  "warning, dismissed",
  "warning, other",
  "dismissed, other",
  "perimeter, coverage",
  "coverage, other",
];
const AREAS_TOLD_BY_FORM: Record<"night" | "day", string[]> = {
  night: ["coverage, perimeter", "coverage, perimeter_protected", "coverage, other", "warning, other"],
  day: [
    "coverage, perimeter",
    "perimeter, other",
    "closure, blockage",
    "warning, site_fill",
    "warning, other",
    "site_fill, other",
  ],
};

const SEVERITIES = ["severity_1", "severity_2", "severity_3"] as const;

describe.each(Object.entries(VISIONS))("seen with %s", (_name, vision) => {
  it("the severities differ clearly from one another", () => {
    for (const one of SEVERITIES) {
      for (const other of SEVERITIES.slice(SEVERITIES.indexOf(one) + 1)) {
        expect(apart(symbolColours[one], symbolColours[other], vision), `${one}, ${other}`).toBeGreaterThan(
          12,
        );
      }
    }
  });

  it("every filled symbol stands out from its drawing", () => {
    for (const name of [
      "severity_1",
      "severity_2",
      "severity_3",
      "patrol",
      "engine",
      "medic",
      "alternative",
      "warning",
    ] as const) {
      expect(apart(symbolColours[name], symbolColours.ink, vision), name).toBeGreaterThan(35);
    }
  });
});

it("the distance is the one of the published examples", () => {
  const examples: [Triple, Triple, number][] = [
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
    [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
  ];
  for (const [one, other, distance] of examples) expect(ciede2000(one, other)).toBeCloseTo(distance, 3);
});

/** Colours that are nearer than this to somebody do not tell two things apart. */
const CLEARLY = 9;

function tooNear(colours: Record<string, string>): string[] {
  const names = Object.keys(colours);
  return names.flatMap((one, i) =>
    names.slice(i + 1).flatMap((other) => {
      const distances = Object.values(VISIONS).map((vision) =>
        apart(colours[one] ?? "", colours[other] ?? "", vision),
      );
      return Math.min(...distances) < CLEARLY ? [`${one}, ${other}`] : [];
    }),
  );
}

/** One symbol for each colour that symbols come in. */
const SYMBOLS = {
  severity_1: "incident-police-1",
  severity_2: "incident-police-2",
  severity_3: "incident-police-3",
  severity_low: "incident-police-low",
  patrol: "unit-patrol-busy",
  engine: "unit-engine-busy",
  medic: "unit-medic-busy",
  drone: "unit-drone-busy",
  alternative: "unit-alternative-busy",
  unit_other: "unit-other-busy",
  camera: "camera-fixed-on",
  camera_off: "camera-fixed-off",
  site: "site-hospital",
  hazard: "hazard",
  closure: "closure",
  warning: "warning",
  dismissed: "alpr-hit-dismissed",
  perimeter: "area-perimeter",
  coverage: "area-coverage",
  other: "other-place",
} as const;

/** Outline, drawing and whether it is filled: all of a symbol but its colours. */
function formOf(icon: string): string {
  const text = readFileSync(new URL(`../../../styles/icons/${icon}.svg`, import.meta.url), "utf8");
  const inked = text.replaceAll(symbolColours.ink, "ink").replaceAll(symbolColours.paper, "paper");
  return inked.replace(/#[0-9A-Fa-f]{6}/g, "colour");
}

describe("symbols of colours that somebody may take for one another", () => {
  const near = tooNear(
    Object.fromEntries(
      Object.keys(SYMBOLS).map((name) => [name, symbolColours[name as keyof typeof SYMBOLS]]),
    ),
  );
  it("are these, and no others", () => expect(near).toEqual(TOLD_BY_FORM));
  it.each(TOLD_BY_FORM)("%s differ in form", (pair) => {
    const [one, other] = pair.split(", ") as [keyof typeof SYMBOLS, keyof typeof SYMBOLS];
    expect(formOf(SYMBOLS[one])).not.toBe(formOf(SYMBOLS[other]));
  });
});

/** The colours of areas and lines, and the layer that each is drawn in. */
const AREAS = {
  coverage: "coverage",
  perimeter: "perimeters",
  perimeter_protected: "perimeters",
  closure: "closures",
  blockage: "blockages",
  warning: "warnings",
  site_fill: "sites",
  other: "street_lights",
} as const;

/** How areas and lines of a layer are drawn, but for their colour: hatched, dashed, how wide. */
function strokesOf(layer: string, theme: "night" | "day"): string {
  const drawn = drawingOf(layer).layers(dataColours(theme));
  const forms = drawn.flatMap((one) => {
    if (one.type === "fill") return [`fill ${JSON.stringify(one.paint?.["fill-pattern"] ?? "plain")}`];
    if (one.type !== "line") return [];
    const { "line-width": width, "line-dasharray": dashes, "line-pattern": hatch } = one.paint ?? {};
    return [`line ${JSON.stringify([width, dashes, hatch])}`];
  });
  return forms.join("; ");
}

describe.each(["night", "day"] as const)(
  "areas and lines by %s that somebody may take for one another",
  (theme) => {
    const colours = dataColours(theme);
    const names = Object.keys(AREAS) as (keyof typeof AREAS)[];
    const near = tooNear(Object.fromEntries(names.map((name) => [name, colours[name]])));
    it("are these, and no others", () => expect(near).toEqual(AREAS_TOLD_BY_FORM[theme]));
    it.each(AREAS_TOLD_BY_FORM[theme])("%s differ in form", (pair) => {
      const [one, other] = pair.split(", ") as [keyof typeof AREAS, keyof typeof AREAS];
      expect(strokesOf(AREAS[one], theme)).not.toBe(strokesOf(AREAS[other], theme));
    });
  },
);
