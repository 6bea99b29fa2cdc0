// Areas: perimeters (a strong edge), warnings (hatched), and H3 counts of what is too many to draw one by one.
import type { ExpressionSpecification } from "maplibre-gl";

import type { DataColours } from "../../../look/palette";
import { faded, field, onlyAreas, onlyPoints, type Drawing, type Drawn } from "../drawing";

const isProtected: ExpressionSpecification = ["==", ["coalesce", ["get", "protected"], false], true];

export const perimeters: Drawing = {
  icon: "area-perimeter",
  rank: 25,
  layers: (colours) => {
    const colour: ExpressionSpecification = [
      "case",
      isProtected,
      colours.perimeter_protected,
      colours.perimeter,
    ];
    return [
      {
        id: "perimeters",
        type: "fill",
        filter: onlyAreas,
        paint: { "fill-color": colour, "fill-opacity": faded(0.14), "fill-antialias": false },
      },
      {
        id: "perimeters-glow",
        type: "line",
        filter: onlyAreas,
        layout: { "line-join": "round" },
        paint: { "line-color": colour, "line-width": 10, "line-opacity": faded(0.25) },
      },
      {
        id: "perimeters-edge",
        type: "line",
        filter: onlyAreas,
        layout: { "line-join": "round" },
        paint: { "line-color": colour, "line-width": 3.5, "line-opacity": faded() },
      },
      areaLabel("perimeters-label", field("name"), colours, 11.5, null),
    ];
  },
};

export const warnings: Drawing = {
  icon: "warning",
  rank: 10,
  layers: (colours) => [
    {
      id: "warnings",
      type: "fill",
      // Below, the hatch says it.
      minzoom: 12.5,
      filter: onlyAreas,
      paint: { "fill-color": colours.warning, "fill-opacity": faded(0.04), "fill-antialias": false },
    },
    {
      id: "warnings-hatch",
      type: "fill",
      maxzoom: 13.5,
      filter: onlyAreas,
      paint: {
        "fill-antialias": false,
        "fill-pattern": "hatch-warning",
        "fill-opacity": ["interpolate", ["linear"], ["zoom"], 11.5, faded(0.16), 13.5, 0],
      },
    },
    {
      id: "warnings-edge",
      type: "line",
      filter: onlyAreas,
      paint: {
        "line-color": colours.warning,
        "line-width": 2.5,
        "line-dasharray": [4, 2],
        "line-opacity": faded(),
      },
    },
    areaLabel("warnings-label", field("event", "headline", "title", "name"), colours, 8, "warning"),
  ],
};

/** In the middle of the area, or as near to it as no symbol is written over; where there is no room the edge alone stands, since two names on one spot are none. */
const AROUND_MIDDLE: (string | [number, number])[] = [
  "center",
  [0, 0],
  "top",
  [0, 2],
  "bottom",
  [0, -2],
  "left",
  [1.2, 0],
  "right",
  [-1.2, 0],
  "top-left",
  [1.2, 3.6],
  "top-right",
  [-1.2, 3.6],
  "bottom-left",
  [1.2, -3.6],
  "bottom-right",
  [-1.2, -3.6],
];

function areaLabel(
  id: string,
  text: ExpressionSpecification,
  colours: DataColours,
  minzoom: number,
  icon: string | null,
): Drawn {
  return {
    id,
    type: "symbol",
    minzoom,
    filter: onlyPoints,
    layout: {
      "text-field": text,
      "text-font": ["Atkinson Hyperlegible Bold"],
      "text-size": 19,
      "text-max-width": 9,
      "text-padding": 4,
      "text-allow-overlap": icon !== null,
      "icon-allow-overlap": true,
      ...(icon === null
        ? { "text-variable-anchor-offset": AROUND_MIDDLE, "text-justify": "auto" }
        : { "icon-image": icon, "icon-size": 0.8, "text-offset": [0, 1.2], "text-anchor": "top" }),
    },
    paint: {
      "text-color": colours.label,
      "text-halo-color": colours.label_halo,
      "text-halo-width": 2,
      "text-opacity": faded(),
    },
  };
}

/** Counts of a layer per H3 cell: five steps of one hue, and the number itself where there is room. */
export function countCells(layer: string, colours: DataColours): Drawn[] {
  const count: ExpressionSpecification = ["to-number", ["get", "count"], 0];
  const [c0, c1, c2, c3, c4] = colours.cells;
  return [
    {
      id: `${layer}-cells`,
      type: "fill",
      filter: onlyAreas,
      paint: {
        "fill-color": ["step", count, c0 ?? "", 5, c1 ?? "", 20, c2 ?? "", 80, c3 ?? "", 320, c4 ?? ""],
        "fill-opacity": 0.5,
        "fill-antialias": false,
      },
    },
    {
      id: `${layer}-cells-edge`,
      type: "line",
      filter: onlyAreas,
      paint: { "line-color": colours.label_halo, "line-width": 1, "line-opacity": 0.5 },
    },
    {
      id: `${layer}-cells-count`,
      type: "symbol",
      filter: onlyAreas,
      layout: {
        "text-field": ["to-string", count],
        "text-font": ["Atkinson Hyperlegible Bold"],
        "text-size": 17,
        "text-padding": 6,
      },
      paint: {
        "text-color": colours.label,
        "text-halo-color": colours.label_halo,
        "text-halo-width": 1.6,
      },
    },
  ];
}
