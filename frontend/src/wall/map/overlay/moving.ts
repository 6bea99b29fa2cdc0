// What moves: units. A circle, filled when the unit is on a call and an outline when it is free, coloured by service.
import type { ExpressionSpecification } from "maplibre-gl";

import { field, iconName, iconNameOf, marker, type Drawing } from "../drawing";

const FREE = ["available", "free", "idle", "in_service", "patrolling", "standby", "ready"];
const KINDS = ["patrol", "engine", "medic", "drone", "tethered", "alternative"];
const state: ExpressionSpecification = ["match", field("status"), FREE, "free", "busy"];

/** Around what they attend, so that it is seen and so are they: one of these by each unit's name. In px at full size. */
const BESIDE: [number, number][] = [
  [44, 18],
  [-44, 18],
  [32, -36],
  [-32, -36],
  [0, 50],
];
export const PLACES_BESIDE = BESIDE.length;
const beside: ExpressionSpecification = [
  "match",
  ["get", "beside"],
  ...BESIDE.flatMap((offset, i): [number, ["literal", [number, number]]] => [i, ["literal", offset]]),
  ["literal", [0, 0]],
] as unknown as ExpressionSpecification;

export const units: Drawing = {
  icon: "unit-patrol-busy",
  iconOf: ({ unit_kind, status }) =>
    iconNameOf("unit", unit_kind, KINDS, "other", FREE.includes(String(status)) ? "free" : "busy"),
  rank: 85,
  layers: (colours) => [
    marker("units", iconName("unit", field("unit_kind"), KINDS, "other", state), colours, {
      label: field("call_sign"),
      labelFrom: 12.5,
      layout: {
        "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.4, 11, 0.55, 13, 0.78, 15, 0.95],
        "icon-offset": beside,
        "symbol-sort-key": ["match", state, "busy", 2, 1],
      },
    }),
  ],
};
