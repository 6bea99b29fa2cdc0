// What stays: sites (houses), hazards (triangles), closures (striped bars and lines).
import { faded, field, iconName, iconNameOf, marker, onlyAreas, onlyLines, type Drawing } from "../drawing";

const KINDS = [
  "school",
  "worship",
  "government",
  "hospital",
  "fire_station",
  "police_station",
  "transit",
  "station",
];

export const sites: Drawing = {
  icon: "site-other",
  iconOf: ({ site_kind, kind, category }) =>
    iconNameOf("site", site_kind ?? kind ?? category, KINDS, "other"),
  rank: 40,
  layers: (colours) => [
    {
      id: "sites-area",
      type: "fill",
      filter: onlyAreas,
      paint: { "fill-color": colours.site_fill, "fill-opacity": 0.12 },
    },
    {
      id: "sites-edge",
      type: "line",
      filter: onlyAreas,
      paint: { "line-color": colours.site_fill, "line-width": 1.5, "line-opacity": 0.6 },
    },
    marker("sites", iconName("site", field("site_kind", "kind", "category"), KINDS, "other", ""), colours, {
      minzoom: 13,
      label: field("name"),
      labelFrom: 15,
      layout: {
        "icon-allow-overlap": false,
        "icon-size": ["interpolate", ["linear"], ["zoom"], 12, 0.5, 16, 0.8],
      },
    }),
  ],
};

export const hazards: Drawing = {
  icon: "hazard",
  rank: 50,
  layers: (colours) => [
    marker("hazards", "hazard", colours, {
      minzoom: 12.5,
      layout: { "icon-size": ["interpolate", ["linear"], ["zoom"], 12.5, 0.55, 16, 0.9] },
    }),
  ],
};

export const closures: Drawing = {
  icon: "closure",
  rank: 30,
  layers: (colours) => [
    {
      id: "closures-edge",
      type: "line",
      filter: onlyLines,
      paint: {
        "line-color": colours.closure_casing,
        "line-width": ["interpolate", ["linear"], ["zoom"], 10, 4, 16, 16],
        "line-opacity": faded(0.9),
      },
    },
    {
      id: "closures-line",
      type: "line",
      filter: onlyLines,
      paint: {
        "line-pattern": "hatch-closure",
        "line-width": ["interpolate", ["linear"], ["zoom"], 10, 3, 16, 12],
        "line-opacity": faded(),
      },
    },
    marker("closures", "closure", colours, {
      minzoom: 11.5,
      label: field("name", "road", "road_name", "description"),
      labelFrom: 15,
      layout: {
        "icon-size": ["interpolate", ["linear"], ["zoom"], 11.5, 0.5, 16, 0.85],
      },
    }),
  ],
};
