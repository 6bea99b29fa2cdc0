// What slow and fast frames do to the resolution: less where all are slow, never below what can be read, more again after a calm while,
// and nothing at all where a graphics processor draws.
import { describe, expect, it } from "vitest";

import { FRAMES, LEAST_RATIO, partsOf, Resolution, SLOW_MS } from "./resolution";

/** Lets a display draw a frame each second, each costing what it costs in the part it is drawn in. Gives the parts gone through. */
function draw(
  resolution: Resolution,
  seconds: number,
  cost: (part: number, second: number) => number,
  from = 0,
): number[] {
  const parts = [resolution.part];
  for (let second = from; second < from + seconds; second += 1) {
    const part = resolution.note(cost(resolution.part, second), second * 1000);
    if (part !== null) parts.push(part);
  }
  return parts;
}

const withoutGpu = (part: number): number => 4000 * part ** 2;

describe("the resolution", () => {
  it("is full for ever where frames are fast, whatever stalls between them", () => {
    const resolution = new Resolution(2, 0);
    expect(resolution.begin([900, 400, 12], 0.28, 0)).toBe(1);
    const stalling = (_: number, second: number): number => (second % FRAMES === 0 ? 16 : 5000);
    expect(draw(resolution, 3600, stalling)).toEqual([1]);
  });

  it("is full where frames are slow, but not too slow", () => {
    expect(draw(new Resolution(2, 0), 3600, () => SLOW_MS)).toEqual([1]);
  });

  it("goes at once to where frames are expected to be quick enough", () => {
    const parts = draw(new Resolution(4, 0), 600, (part) => 3000 * part ** 2);
    expect(parts).toEqual([1, 0.25]);
    expect(3000 * 0.25 ** 2).toBeLessThanOrEqual(SLOW_MS);
  });

  it("begins there where the first picture was slow already", () => {
    const resolution = new Resolution(2, 0);
    expect(resolution.begin([610, 1046, 260], 0.28, 0)).toBe(0.3);
    expect(draw(resolution, 600, withoutGpu)).toEqual([0.3]);
  });

  it("takes no first picture of too few frames for slow", () => {
    expect(new Resolution(2, 0).begin([610, 1046], 0.28, 0)).toBe(1);
  });

  it("never goes below what can be read", () => {
    for (const full of [0.5, 0.8, 1, 1.5, 2, 4]) {
      const parts = draw(new Resolution(full, 0), 600, () => 60_000);
      for (const part of parts)
        expect(part * full).toBeGreaterThanOrEqual(Math.min(full, LEAST_RATIO) - 1e-9);
      expect(parts.at(-1)).toBe(partsOf(full).at(-1));
    }
    expect(partsOf(1)).toEqual([1, 0.75, 0.6]);
    expect(partsOf(0.5)).toEqual([1]);
  });

  it("comes back step by step after a calm while, and only then", () => {
    const resolution = new Resolution(2, 0);
    expect(draw(resolution, 10, withoutGpu).at(-1)).toBe(0.3);
    expect(draw(resolution, 15, () => 8, 10)).toEqual([0.3]);
    expect(draw(resolution, 100, () => 8, 25)).toEqual([0.3, 0.375, 0.5, 0.75, 1]);
  });

  it("stays where more pixels would be slow again", () => {
    const resolution = new Resolution(2, 0);
    draw(resolution, 10, withoutGpu);
    expect(draw(resolution, 36_000, () => 140, 10)).toEqual([0.3]);
  });

  it("does not swing: an attempt that fails is made ever more rarely", () => {
    const resolution = new Resolution(1, 0);
    // Cheap but for the last step, which no extrapolation foresees.
    const parts = draw(resolution, 3600, (part) => (part === 1 ? 2000 : 50));
    expect(parts.at(-1)).toBeLessThan(1);
    expect(parts.filter((part) => part === 1).length).toBeLessThan(9);
  });

  it("keeps the number of drawn pixels at once where the map grows and its frames are slow", () => {
    const resolution = new Resolution(2, 0);
    draw(resolution, 3, () => 200);
    expect(resolution.resized(4, 3000)).toBe(0.5);
    expect(draw(resolution, 60, () => 200, 3)).toEqual([0.5]);
    expect(resolution.resized(4, 100_000)).toBe(0.3);
  });

  it("does so too before a frame of the size until then was measured, and never draws more than before", () => {
    for (const growth of [1.3, 2, 3, 4, 8]) {
      const resolution = new Resolution(4, 0);
      const part = resolution.resized(growth, 0) ?? resolution.part;
      expect(part ** 2 * growth).toBeLessThanOrEqual(1 + 1e-6);
    }
  });

  it("stays full where frames of the grown map would be quick, as with a graphics processor", () => {
    const resolution = new Resolution(2, 0);
    draw(resolution, 60, () => 9);
    expect(resolution.resized(4, 60_000)).toBeNull();
    expect(resolution.part).toBe(1);
  });

  it("draws no more pixels than before on a denser screen whose frames are slow, and all of them where they are quick", () => {
    const slow = new Resolution(1, 0);
    draw(slow, 3, () => 200);
    expect(slow.rescaled(2, 4, 3000)).toBe(0.5);
    expect(slow.rescaled(1, 1 / 4, 4000)).toBe(1);
    const quick = new Resolution(1, 0);
    draw(quick, 60, () => 9);
    expect(quick.rescaled(2, 4, 60_000)).toBe(1);
  });

  it("gives the pixels back where the map shrinks", () => {
    const resolution = new Resolution(2, 0);
    draw(resolution, 3, () => 200);
    resolution.resized(4, 3000);
    expect(resolution.resized(1 / 4, 4000)).toBe(1);
  });
});
