// The outer shapes of the map symbols, on a 48 x 48 canvas: a circle is a unit, a square an incident, a diamond an ALPR hit, an
// octagon a blockage, a triangle a hazard, a house a site, a hexagon a camera, a bubble a warning, a bar a closure.
function ring(count, radius, turn) {
  const points = [];
  for (let i = 0; i < count; i += 1) {
    const angle = (turn + (360 / count) * i) * (Math.PI / 180);
    points.push(
      `${(24 + radius * Math.cos(angle)).toFixed(2)} ${(24 + radius * Math.sin(angle)).toFixed(2)}`,
    );
  }
  return `M${points.join("L")}Z`;
}

export const shapes = {
  circle: { d: "M24 6.5A17.5 17.5 0 1 1 24 41.5A17.5 17.5 0 1 1 24 6.5Z", glyph: { x: 24, y: 24, size: 21 } },
  square: {
    d: "M12 8H36A4 4 0 0 1 40 12V36A4 4 0 0 1 36 40H12A4 4 0 0 1 8 36V12A4 4 0 0 1 12 8Z",
    glyph: { x: 24, y: 24, size: 22 },
  },
  diamond: { d: ring(4, 20.5, -90), glyph: { x: 24, y: 24, size: 19 } },
  octagon: { d: ring(8, 19.5, 22.5), glyph: { x: 24, y: 24, size: 22 } },
  hexagon: { d: ring(6, 18.5, 0), glyph: { x: 24, y: 24, size: 19 } },
  triangle: { d: "M24 6L43 40H5Z", glyph: { x: 24, y: 29.5, size: 17 } },
  house: { d: "M24 6L41 19V41H7V19Z", glyph: { x: 24, y: 28, size: 19 } },
  bubble: {
    d: "M11 8H37A4 4 0 0 1 41 12V30A4 4 0 0 1 37 34H30L24 42L18 34H11A4 4 0 0 1 7 30V12A4 4 0 0 1 11 8Z",
    glyph: { x: 24, y: 21, size: 19 },
  },
};
