// What moves: units. A circle, filled when the unit is on a call and an outline when it is free, coloured by service.
import type { ExpressionSpecification } from "maplibre-gl";

import { field, iconName, marker, type Drawing } from "../drawing";

const FREE = ["available", "free", "idle", "in_service", "patrolling", "standby", "ready"];
const state: ExpressionSpecification = ["match", field("status"), FREE, "free", "busy"];

export const units: Drawing = {
  icon: "unit-patrol-busy",
  rank: 85,
  layers: (colours) => [
    marker(
      "units",
      iconName(
        "unit",
        field("unit_kind"),
        ["patrol", "engine", "medic", "drone", "tethered", "alternative"],
        "other",
        state,
      ),
      colours,
      {
        label: field("call_sign"),
        labelFrom: 12.5,
        layout: {
          "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.4, 11, 0.55, 13, 0.78, 15, 0.95],
          "symbol-sort-key": ["match", state, "busy", 2, 1],
        },
      },
    ),
  ],
};
