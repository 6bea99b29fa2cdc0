// What the selection adds to the map: a ring on the point, a line of sight to every camera that sees it, and a unit's trail.
import type { LayerSpecification } from "maplibre-gl";

import type { DataColours } from "../../../look/palette";

export const SELECTION_SOURCE = "selection";

/** The number sits beside the camera and not on it. */
const NUMBER_AT: [number, number] = [17, -17];

const role = (name: string): ["==", ["get", "role"], string] => ["==", ["get", "role"], name];

/** Lies under names and symbols, so that it strikes none of them through. */
export function selectionRing(colours: DataColours): LayerSpecification {
  return {
    id: "selection-ring",
    type: "circle",
    source: SELECTION_SOURCE,
    filter: role("point"),
    paint: {
      "circle-radius": 31,
      "circle-opacity": 0,
      "circle-color": colours.selection,
      "circle-stroke-color": colours.selection,
      "circle-stroke-width": 4,
    },
  };
}

/** Lies over everything. */
export function selectionLayers(colours: DataColours): LayerSpecification[] {
  return [
    {
      id: "selection-trail",
      type: "line",
      source: SELECTION_SOURCE,
      filter: role("trail"),
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": colours.trail, "line-width": 4, "line-opacity": 0.7 },
    },
    {
      id: "selection-sight",
      type: "line",
      source: SELECTION_SOURCE,
      filter: role("sight"),
      paint: { "line-color": colours.sightline, "line-width": 3, "line-dasharray": [1.5, 1.5] },
    },
    {
      id: "selection-camera",
      type: "circle",
      source: SELECTION_SOURCE,
      filter: role("camera"),
      paint: {
        "circle-radius": 12,
        "circle-translate": NUMBER_AT,
        "circle-color": colours.sightline,
        "circle-stroke-color": colours.label_halo,
        "circle-stroke-width": 2,
      },
    },
    {
      id: "selection-camera-number",
      type: "symbol",
      source: SELECTION_SOURCE,
      filter: role("camera"),
      layout: {
        "text-field": ["get", "number"],
        "text-font": ["Atkinson Hyperlegible Bold"],
        "text-size": 18,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": colours.label_halo, "text-translate": NUMBER_AT },
    },
  ];
}
