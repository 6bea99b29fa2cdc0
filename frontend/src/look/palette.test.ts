// The palette under the three colour-vision deficiencies: what differs by colour alone must still differ. Shape and fill carry the
// same meaning beside it; this guards the colour. Matrices: Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
import { describe, expect, it } from "vitest";

import { symbolColours } from "./palette";

type Triple = [number, number, number];
type Matrix = [Triple, Triple, Triple];

const VISIONS: Record<string, Matrix> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const times = (matrix: Matrix, v: Triple): Triple =>
  matrix.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as Triple;

function linear(hex: string): Triple {
  return [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as Triple;
}

function lab(rgb: Triple): Triple {
  const toXyz: Matrix = [
    [0.4124 / 0.95047, 0.3576 / 0.95047, 0.1805 / 0.95047],
    [0.2126, 0.7152, 0.0722],
    [0.0193 / 1.08883, 0.1192 / 1.08883, 0.9505 / 1.08883],
  ];
  const clamped = rgb.map((channel) => Math.min(1, Math.max(0, channel))) as Triple;
  const [x, y, z] = times(toXyz, clamped).map((t) =>
    t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116,
  ) as Triple;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function difference(a: string, b: string, vision: Matrix): number {
  const [first, second] = [a, b].map((hex) => lab(times(vision, linear(hex)))) as [Triple, Triple];
  return Math.hypot(first[0] - second[0], first[1] - second[1], first[2] - second[2]);
}

const SEVERITIES = ["severity_1", "severity_2", "severity_3"] as const;

describe.each(Object.entries(VISIONS))("seen with %s", (_name, vision) => {
  it("the severities differ clearly from one another", () => {
    for (const one of SEVERITIES) {
      for (const other of SEVERITIES.slice(SEVERITIES.indexOf(one) + 1)) {
        expect(
          difference(symbolColours[one], symbolColours[other], vision),
          `${one}, ${other}`,
        ).toBeGreaterThan(15);
      }
    }
  });

  it("every filled symbol stands out from its drawing", () => {
    for (const name of [
      "severity_1",
      "severity_2",
      "severity_3",
      "patrol",
      "engine",
      "medic",
      "alternative",
      "warning",
    ] as const) {
      expect(difference(symbolColours[name], symbolColours.ink, vision), name).toBeGreaterThan(35);
    }
  });
});
