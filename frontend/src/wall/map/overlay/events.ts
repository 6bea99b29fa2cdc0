// What alarms: incidents (squares), ALPR hits (diamonds), blockages (octagons, and hatched legs at the junction).
import type { ExpressionSpecification } from "maplibre-gl";

import { DISCIPLINES } from "../../alerts/rail";
import { faded, field, iconName, iconNameOf, marker, onlyLines, type Drawing } from "../drawing";

const priority: ExpressionSpecification = ["to-number", ["get", "priority"], 9];
const severity: ExpressionSpecification = ["match", priority, 1, "1", 2, "2", 3, "3", "low"];

export const incidents: Drawing = {
  icon: "incident-police-2",
  iconOf: ({ discipline, priority: urgent }) => {
    const severe = [1, 2, 3].includes(Number(urgent)) ? String(Number(urgent)) : "low";
    return iconNameOf("incident", discipline, DISCIPLINES, "other", severe);
  },
  rank: 80,
  layers: (colours) => [
    marker("incidents", iconName("incident", field("discipline"), DISCIPLINES, "other", severity), colours, {
      label: ["case", ["<=", priority, 3], field("label", "cad_id"), ""],
      labelFrom: 13,
      layout: {
        "symbol-sort-key": ["-", 10, priority],
        "icon-size": [
          "interpolate",
          ["linear"],
          ["zoom"],
          9,
          ["match", priority, 1, 0.84, 2, 0.7, 3, 0.62, 0.45],
          12,
          ["match", priority, 1, 1.08, 2, 0.88, 3, 0.8, 0.58],
          15,
          ["match", priority, 1, 1.25, 2, 1.05, 3, 1, 0.8],
        ],
      },
    }),
  ],
};

const hitStatus: ExpressionSpecification = field("status");

export const alprHits: Drawing = {
  icon: "alpr-hit-confirmed",
  iconOf: ({ status }) => iconNameOf("alpr-hit", status, ["confirmed", "dismissed"], "unverified"),
  rank: 95,
  layers: (colours) => [
    marker(
      "alpr_hits",
      iconName("alpr-hit", hitStatus, ["confirmed", "dismissed", "unverified"], "unverified", ""),
      colours,
      {
        label: field("label", "list"),
        labelFrom: 13.5,
        layout: {
          "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.75, 12, 1, 15, 1.15],
          "symbol-sort-key": ["match", hitStatus, "confirmed", 3, "dismissed", 1, 2],
        },
      },
    ),
  ],
};

const CAUSES = ["takeover", "crash", "work", "event"];
const sure: ExpressionSpecification = [
  "case",
  [">=", ["to-number", ["coalesce", ["get", "confidence"], 1]], 0.7],
  "sure",
  "unsure",
];

export const blockages: Drawing = {
  icon: "blockage-takeover-sure",
  iconOf: ({ cause, confidence }) =>
    iconNameOf("blockage", cause, CAUSES, "unknown", Number(confidence ?? 1) >= 0.7 ? "sure" : "unsure"),
  rank: 90,
  layers: (colours) => [
    {
      id: "blockages-legs-edge",
      type: "line",
      filter: onlyLines,
      layout: { "line-cap": "butt" },
      paint: {
        "line-color": colours.label_halo,
        "line-width": ["interpolate", ["linear"], ["zoom"], 11, 7, 16, 24],
        "line-opacity": faded(0.9),
      },
    },
    {
      id: "blockages-legs",
      type: "line",
      filter: onlyLines,
      layout: { "line-cap": "butt" },
      paint: {
        "line-pattern": "hatch-blockage",
        "line-width": ["interpolate", ["linear"], ["zoom"], 11, 5, 16, 18],
        "line-opacity": faded(),
      },
    },
    marker("blockages", iconName("blockage", field("cause"), CAUSES, "unknown", sure), colours, {
      label: field("label", "intersection", "intersection_name"),
      labelFrom: 13.5,
      layout: { "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.8, 12, 1.05, 15, 1.25] },
    }),
  ],
};
