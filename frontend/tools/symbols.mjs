// Which symbols exist: name -> SVG text. Shape says the kind, colour the severity or service, fill against outline the state.
import { glyphs } from "./glyphs.mjs";
import { shapes } from "./shapes.mjs";

const filled = (colour, palette) => ({ fill: colour, edge: palette.paper, glyph: palette.ink });
const outlined = (colour, palette) => ({ fill: palette.ink, edge: colour, glyph: colour });

function svg(width, height, body) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">\n${body}\n</svg>\n`;
}

function symbol(shapeName, glyphName, ink, palette, extra = "") {
  const shape = shapes[shapeName];
  const { x, y, size } = shape.glyph;
  const k = (size / 15).toFixed(3);
  const left = (x - size / 2).toFixed(2);
  const top = (y - size / 2).toFixed(2);
  const outline = `<path d="${shape.d}" fill="${palette.ink}" stroke="${palette.ink}" stroke-width="7" stroke-linejoin="round"/>`;
  const face = `<path d="${shape.d}" fill="${ink.fill}" stroke="${ink.edge}" stroke-width="3" stroke-linejoin="round"/>`;
  const glyph = `<path transform="translate(${left} ${top}) scale(${k})" fill="${ink.glyph}" fill-rule="evenodd" d="${glyphs[glyphName].d}"/>`;
  return svg(48, 48, [outline, face, glyph, extra].filter(Boolean).join("\n"));
}

function incidents(palette) {
  const made = {};
  for (const discipline of ["police", "fire", "medical", "alternative", "other"]) {
    made[`incident-${discipline}-1`] = symbol(
      "square",
      discipline,
      filled(palette.severity_1, palette),
      palette,
    );
    made[`incident-${discipline}-2`] = symbol(
      "square",
      discipline,
      filled(palette.severity_2, palette),
      palette,
    );
    made[`incident-${discipline}-3`] = symbol(
      "square",
      discipline,
      filled(palette.severity_3, palette),
      palette,
    );
    made[`incident-${discipline}-low`] = symbol(
      "square",
      discipline,
      outlined(palette.severity_low, palette),
      palette,
    );
  }
  return made;
}

function units(palette) {
  const kinds = {
    patrol: ["police", palette.patrol],
    engine: ["fire", palette.engine],
    medic: ["medical", palette.medic],
    drone: ["drone", palette.drone],
    tethered: ["tethered", palette.drone],
    alternative: ["alternative", palette.alternative],
    other: ["other", palette.unit_other],
  };
  const made = {};
  for (const [kind, [glyph, colour]] of Object.entries(kinds)) {
    made[`unit-${kind}-busy`] = symbol("circle", glyph, filled(colour, palette), palette);
    made[`unit-${kind}-free`] = symbol("circle", glyph, outlined(colour, palette), palette);
  }
  return made;
}

function cameras(palette) {
  const kinds = {
    fixed: "cctv",
    ptz: "dome",
    panoramic: "panorama",
    alpr: "plate",
    drone: "drone",
    tethered: "tethered",
    other: "cctv",
  };
  const slash = `<path d="M8 40L40 8" fill="none" stroke="${palette.ink}" stroke-width="7"/><path d="M8 40L40 8" fill="none" stroke="${palette.camera_off}" stroke-width="3.5"/>`;
  const made = {};
  for (const [kind, glyph] of Object.entries(kinds)) {
    made[`camera-${kind}-on`] = symbol("hexagon", glyph, outlined(palette.camera, palette), palette);
    made[`camera-${kind}-off`] = symbol(
      "hexagon",
      glyph,
      outlined(palette.camera_off, palette),
      palette,
      slash,
    );
  }
  return made;
}

function events(palette) {
  const made = {
    "alpr-hit-confirmed": symbol("diamond", "car", filled(palette.severity_1, palette), palette),
    "alpr-hit-unverified": symbol("diamond", "car", outlined(palette.severity_1, palette), palette),
    "alpr-hit-dismissed": symbol("diamond", "car", outlined(palette.dismissed, palette), palette),
    hazard: symbol("triangle", "bang", outlined(palette.hazard, palette), palette),
    warning: symbol("bubble", "bang", filled(palette.warning, palette), palette),
  };
  const causes = { takeover: "crowd", crash: "crash", work: "work", event: "event", unknown: "bar" };
  for (const [cause, glyph] of Object.entries(causes)) {
    const colour = cause === "takeover" ? palette.severity_1 : palette.severity_2;
    made[`blockage-${cause}-sure`] = symbol("octagon", glyph, filled(colour, palette), palette);
    made[`blockage-${cause}-unsure`] = symbol("octagon", glyph, outlined(colour, palette), palette);
  }
  return made;
}

function sites(palette) {
  const kinds = {
    school: "school",
    worship: "worship",
    government: "government",
    hospital: "medical",
    station: "station",
    fire_station: "fire",
    police_station: "police",
    transit: "bus",
    other: "place",
  };
  const ink = { fill: palette.ink, edge: palette.site, glyph: palette.site };
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, glyph]) => [`site-${kind}`, symbol("house", glyph, ink, palette)]),
  );
}

function closure(palette) {
  const stripes = [0, 12, 24, 36]
    .map((x) => `<path d="M${x + 4} 33L${x + 12} 15H${x + 6}L${x - 2} 33Z" fill="${palette.ink}"/>`)
    .join("");
  const clip = `<clipPath id="bar"><path d="M3 15H45V33H3Z"/></clipPath>`;
  const body = [
    `<defs>${clip}</defs>`,
    `<path d="M3 15H45V33H3Z" fill="${palette.ink}" stroke="${palette.ink}" stroke-width="6" stroke-linejoin="round"/>`,
    `<path d="M3 15H45V33H3Z" fill="${palette.closure}"/>`,
    `<g clip-path="url(#bar)">${stripes}</g>`,
    `<path d="M3 15H45V33H3Z" fill="none" stroke="${palette.paper}" stroke-width="2.5" stroke-linejoin="round"/>`,
  ].join("\n");
  return { closure: svg(48, 48, body) };
}

/** Stand-ins in lists for what the map draws as areas, and the mark of layers no drawing knows. */
function swatches(palette) {
  const area = (d, colour) =>
    svg(
      48,
      48,
      `<path d="${d}" fill="${colour}" fill-opacity="0.28" stroke="${colour}" stroke-width="3.5" stroke-linejoin="round"/>`,
    );
  return {
    "area-perimeter": area("M8 14L30 6L42 22L34 41L11 37Z", palette.perimeter),
    "area-coverage": area("M7 41L20 7A36 36 0 0 1 41 28Z", palette.coverage),
    "area-cells": area("M24 6L40 15V33L24 42L8 33V15Z", palette.coverage),
    "other-place": symbol("circle", "place", outlined(palette.other, palette), palette),
  };
}

/** Seamless swatches: for lines they run along x, for areas in both directions. */
function patterns(palette) {
  const lineHatch = (colour) =>
    svg(
      16,
      16,
      `<path d="M0 0H16V16H0Z" fill="${palette.ink}"/>\n<path d="M0 16L8 0H16L8 16Z" fill="${colour}"/>`,
    );
  const areaHatch = (colour, opacity) =>
    svg(
      16,
      16,
      `<path d="M-2 6L6 -2M-2 18L18 -2M6 18L18 6" fill="none" stroke="${colour}" stroke-width="2" stroke-opacity="${opacity}"/>`,
    );
  return {
    "hatch-blockage": lineHatch(palette.severity_1),
    "hatch-closure": lineHatch(palette.closure),
    "hatch-warning": areaHatch(palette.warning, 0.55),
  };
}

export function allSymbols(palette) {
  return {
    ...incidents(palette),
    ...units(palette),
    ...cameras(palette),
    ...events(palette),
    ...sites(palette),
    ...closure(palette),
    ...swatches(palette),
    ...patterns(palette),
  };
}
