// The basemap style of one theme: quiet ground, three steps of street grey, barely tinted water and parks. It reads the vector
// source `basemap` in the Protomaps source-layers, so an agency's own PMTiles in that scheme can stand in for ours.
const REGULAR = ["Atkinson Hyperlegible"];
const BOLD = ["Atkinson Hyperlegible Bold"];

const kinds = (...names) => ["in", ["get", "kind"], ["literal", names]];
const width = (...stops) => ["interpolate", ["exponential", 1.5], ["zoom"], ...stops];

function fill(id, sourceLayer, filter, colour, extra = {}) {
  return {
    id,
    type: "fill",
    source: "basemap",
    "source-layer": sourceLayer,
    ...(filter ? { filter } : {}),
    // So barely tinted that a smooth edge is not seen; it would be a second pass over everything.
    paint: { "fill-color": colour, "fill-antialias": false, ...extra },
  };
}

function line(id, sourceLayer, filter, colour, lineWidth, extra = {}) {
  const { minzoom, ...paint } = extra;
  return {
    id,
    type: "line",
    source: "basemap",
    "source-layer": sourceLayer,
    ...(minzoom === undefined ? {} : { minzoom }),
    filter,
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": colour, "line-width": lineWidth, ...paint },
  };
}

const waterLine = (name, filter, colour, stops) =>
  line(
    `water-${name}`,
    "water",
    ["all", ["==", ["geometry-type"], "LineString"], filter],
    colour,
    width(...stops),
  );

function ground(c) {
  return [
    { id: "ground", type: "background", paint: { "background-color": c.ground } },
    fill("landuse-residential", "landuse", kinds("residential", "neighbourhood"), c.residential),
    fill("landuse-military", "landuse", kinds("military"), c.military),
    fill("landuse-university", "landuse", kinds("university", "college", "school"), c.university),
    fill("landuse-airfield", "landuse", kinds("airfield", "aerodrome", "runway"), c.airfield),
    fill(
      "landuse-park",
      "landuse",
      kinds("park", "nature_reserve", "golf_course", "grass", "cemetery"),
      c.park,
    ),
    fill("water", "water", ["==", ["geometry-type"], "Polygon"], c.water),
    waterLine("river", ["==", ["get", "kind"], "river"], c.wash, [9, 1.6, 16, 12]),
    waterLine("wash", ["!=", ["get", "kind"], "river"], c.wash, [9, 0.8, 16, 7]),
    { ...fill("buildings", "buildings", null, c.building), minzoom: 14 },
    {
      id: "building-edges",
      type: "line",
      source: "basemap",
      "source-layer": "buildings",
      minzoom: 15,
      paint: { "line-color": c.building_edge, "line-width": 1 },
    },
  ];
}

function roads(c) {
  const classes = [
    ["minor", kinds("minor_road", "path", "other"), c.road_minor, [12.5, 0.4, 14, 1.8, 17, 9, 20, 34], 12.5],
    ["medium", kinds("medium_road"), c.road_medium, [10, 0.5, 12, 1.4, 14, 3.2, 17, 14, 20, 48], 10],
    ["major", kinds("major_road"), c.road_major, [8, 0.6, 12, 2.2, 14, 4.6, 17, 20, 20, 64], 7],
    ["highway", kinds("highway"), c.road_highway, [6, 0.8, 10, 2.4, 12, 4, 14, 7, 17, 26, 20, 80], 5],
  ];
  const wider = (stops) => stops.map((value, i) => (i % 2 === 0 ? value : value + (value > 2 ? 2.4 : 1)));
  const casings = classes.map(([name, filter, , stops, minzoom]) =>
    line(`road-${name}-casing`, "roads", filter, c.road_casing, width(...wider(stops)), {
      minzoom: Math.max(minzoom, 13),
    }),
  );
  const faces = classes.map(([name, filter, colour, stops, minzoom]) =>
    line(`road-${name}`, "roads", filter, colour, width(...stops), { minzoom }),
  );
  const rail = line("rail", "roads", kinds("rail"), c.rail, width(10, 0.6, 16, 2), {
    "line-dasharray": [4, 3],
  });
  const boundary = {
    id: "boundaries",
    type: "line",
    source: "basemap",
    "source-layer": "boundaries",
    paint: { "line-color": c.boundary, "line-width": 1.4, "line-dasharray": [6, 4], "line-opacity": 0.8 },
  };
  return [...casings, ...faces, rail, boundary];
}

function roadLabels(c) {
  const label = (id, filter, minzoom, sizes) => ({
    id,
    type: "symbol",
    source: "basemap",
    "source-layer": "roads",
    minzoom,
    filter: ["all", ["has", "name"], filter],
    layout: {
      "symbol-placement": "line",
      // Close together: most places are taken by symbols, which come first.
      "symbol-spacing": 250,
      "text-field": ["get", "name"],
      "text-font": REGULAR,
      "text-size": ["interpolate", ["linear"], ["zoom"], ...sizes],
      "text-letter-spacing": 0.02,
      "text-padding": 5,
    },
    paint: { "text-color": c.label_road, "text-halo-color": c.halo, "text-halo-width": 2 },
  });
  return [
    label("label-road-minor", kinds("minor_road"), 15.5, [15, 16, 18, 20]),
    label("label-road-medium", kinds("medium_road"), 13.2, [14, 16, 18, 22]),
    label("label-road-major", kinds("major_road", "highway"), 11.5, [11, 16, 14, 18, 18, 24]),
  ];
}

function placeLabels(c) {
  const label = (id, filter, zooms, layout, paint) => ({
    id,
    type: "symbol",
    source: "basemap",
    "source-layer": "places",
    ...zooms,
    filter: ["all", ["has", "name"], filter],
    layout: { "text-field": ["get", "name"], "text-max-width": 8, "text-padding": 10, ...layout },
    paint: { "text-halo-color": c.halo, "text-halo-width": 2, ...paint },
  });
  return [
    {
      id: "label-water",
      type: "symbol",
      source: "basemap",
      "source-layer": "water",
      minzoom: 11,
      filter: ["all", ["has", "name"], ["==", ["geometry-type"], "LineString"]],
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 500,
        "text-field": ["get", "name"],
        "text-font": REGULAR,
        "text-size": 16,
        "text-letter-spacing": 0.08,
      },
      paint: { "text-color": c.label_water, "text-halo-color": c.halo, "text-halo-width": 2 },
    },
    label(
      "label-landmark",
      kinds("landmark"),
      { minzoom: 12.5 },
      { "text-font": REGULAR, "text-size": 16, "text-optional": true },
      { "text-color": c.label_place },
    ),
    label(
      "label-neighbourhood",
      kinds("neighbourhood", "suburb"),
      { minzoom: 11.5, maxzoom: 16 },
      { "text-font": REGULAR, "text-size": 17, "text-letter-spacing": 0.06 },
      { "text-color": c.label_place },
    ),
    label(
      "label-locality",
      kinds("locality", "city", "town"),
      { maxzoom: 13.5 },
      { "text-font": BOLD, "text-size": ["interpolate", ["linear"], ["zoom"], 7, 18, 12, 26] },
      { "text-color": c.label_locality },
    ),
  ];
}

export function basemapStyle(name, palette) {
  const c = palette[name].base;
  return {
    version: 8,
    name: `Atalaya ${name}`,
    metadata: { "atalaya:drawn-from": "styles/palette.json" },
    sprite: "/sprites/atalaya",
    sources: { basemap: { type: "vector", url: "/tiles/basemap" } },
    layers: [...ground(c), ...roads(c), ...roadLabels(c), ...placeLabels(c)],
  };
}
