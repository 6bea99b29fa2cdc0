// Cameras: a dot from afar, a hexagon near by, and their field of view as a cone. Calm on purpose: cameras are where one looks from,
// not what one looks at. A dashed cone says that the heading is not known.
import type { ExpressionSpecification } from "maplibre-gl";

import { field, iconName, iconNameOf, marker, onlyAreas, onlyPoints, type Drawing } from "../drawing";

const OFF = ["offline", "down", "fault", "maintenance", "inactive", "disabled"];
const KINDS = ["fixed", "ptz", "panoramic", "alpr", "drone", "tethered"];
const state: ExpressionSpecification = ["match", field("status"), OFF, "off", "on"];
const headingKnown: ExpressionSpecification = [
  "all",
  ["!=", ["get", "heading_known"], false],
  ["any", ["has", "heading_deg"], ["!", ["has", "fov_deg"]]],
];

export const cameras: Drawing = {
  icon: "camera-fixed-on",
  iconOf: ({ camera_kind, status }) =>
    iconNameOf("camera", camera_kind, KINDS, "other", OFF.includes(String(status)) ? "off" : "on"),
  rank: 60,
  layers: (colours) => [
    {
      id: "cameras-dots",
      type: "circle",
      maxzoom: 13.5,
      filter: onlyPoints,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 1.2, 12, 2.4, 13.5, 4.5],
        "circle-color": ["match", state, "off", colours.camera_ring, colours.camera_dot],
        "circle-opacity": ["interpolate", ["linear"], ["zoom"], 11, 0.55, 13.5, 0.9],
        "circle-stroke-width": ["match", state, "off", 1.4, 0.8],
        "circle-stroke-color": ["match", state, "off", colours.camera_dot, colours.camera_ring],
      },
    },
    marker("cameras", iconName("camera", field("camera_kind"), KINDS, "other", state), colours, {
      minzoom: 13.5,
      label: field("name"),
      labelFrom: 16.5,
      layout: { "icon-size": ["interpolate", ["linear"], ["zoom"], 13.5, 0.52, 16, 0.85] },
    }),
  ],
};

export const coverage: Drawing = {
  icon: "area-coverage",
  rank: 15,
  layers: (colours) => [
    {
      id: "coverage",
      type: "fill",
      minzoom: 12.5,
      filter: onlyAreas,
      paint: {
        "fill-color": colours.coverage,
        "fill-opacity": ["interpolate", ["linear"], ["zoom"], 12.5, 0.08, 14.5, 0.17],
      },
    },
    {
      id: "coverage-edge",
      type: "line",
      minzoom: 13.5,
      filter: ["all", onlyAreas, headingKnown] as ExpressionSpecification,
      paint: { "line-color": colours.coverage, "line-width": 1.5, "line-opacity": 0.75 },
    },
    {
      id: "coverage-edge-unknown",
      type: "line",
      minzoom: 13.5,
      filter: ["all", onlyAreas, ["!", headingKnown]] as ExpressionSpecification,
      paint: {
        "line-color": colours.coverage,
        "line-width": 1.5,
        "line-opacity": 0.75,
        "line-dasharray": [3, 3],
      },
    },
  ],
};
