// A layer that the configuration added and no drawing knows: plain but visible, in any geometry, so that adding one needs no code.
import type { ExpressionSpecification } from "maplibre-gl";

import { faded, field, marker, onlyAreas, onlyLines, onlyPoints, type Drawing } from "../drawing";

export function otherLayer(name: string): Drawing {
  return {
    icon: "other-place",
    rank: 45,
    layers: (colours) => [
      {
        id: `${name}-area`,
        type: "fill",
        filter: onlyAreas,
        paint: { "fill-color": colours.other, "fill-opacity": faded(0.15) },
      },
      {
        id: `${name}-line`,
        type: "line",
        filter: ["any", onlyAreas, onlyLines] as ExpressionSpecification,
        paint: { "line-color": colours.other, "line-width": 3, "line-opacity": faded(0.9) },
      },
      {
        id: `${name}-dot`,
        type: "circle",
        maxzoom: 13,
        filter: onlyPoints,
        paint: {
          "circle-radius": 4,
          "circle-color": colours.other,
          "circle-stroke-color": colours.label_halo,
          "circle-stroke-width": 1.2,
          "circle-opacity": faded(),
        },
      },
      marker(name, "other-place", colours, {
        minzoom: 13,
        label: field("name", "title"),
        labelFrom: 15,
        layout: { "icon-size": 0.6, "icon-allow-overlap": false },
      }),
    ],
  };
}
