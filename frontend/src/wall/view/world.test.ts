// The ground that a pose shows.
import { describe, expect, it } from "vitest";

import type { Box } from "../live/area";
import { boxShown, poseOver, project, shifted, unproject } from "./world";

const pose = { center: [-110.97, 32.22] as [number, number], zoom: 14, bearing: 0, pitch: 0 };

describe("the ground that a pose shows", () => {
  it("a place and back is the same place", () => {
    const [lon, lat] = unproject(project([-110.97, 32.22]));
    expect(lon).toBeCloseTo(-110.97, 9);
    expect(lat).toBeCloseTo(32.22, 9);
  });

  it("one tile wide is one tile wide", () => {
    const [west, south, east, north] = boxShown({ ...pose, center: [0, 0], zoom: 0 }, 512, 512);
    expect([west, east]).toEqual([-180, 180]);
    expect(north).toBeCloseTo(85.051, 2);
    expect(south).toBeCloseTo(-85.051, 2);
  });

  it("has the centre in its middle, and twice as much at one zoom less", () => {
    const near = boxShown(pose, 800, 600);
    const far = boxShown({ ...pose, zoom: 13 }, 800, 600);
    expect((near[0] + near[2]) / 2).toBeCloseTo(-110.97, 6);
    expect(far[2] - far[0]).toBeCloseTo(2 * (near[2] - near[0]), 6);
  });

  it("beside it begins where it ends, whatever is up", () => {
    const right = boxShown(shifted(pose, [800, 0]), 800, 600);
    expect(right[0]).toBeCloseTo(boxShown(pose, 800, 600)[2], 9);
    expect(right[1]).toBeCloseTo(boxShown(pose, 800, 600)[1], 9);
    // With east up, what lies right lies south.
    const turned = { ...pose, bearing: 90 };
    const below = boxShown(shifted(turned, [800, 0]), 800, 600);
    expect(below[3]).toBeCloseTo(boxShown(turned, 800, 600)[1], 9);
  });

  it("there and back is the same place", () => {
    const turned = { ...pose, bearing: 37 };
    const back = shifted(shifted(turned, [912, -340]), [-912, 340]);
    expect(back.center[0]).toBeCloseTo(pose.center[0], 12);
    expect(back.center[1]).toBeCloseTo(pose.center[1], 12);
  });

  it("turned by a quarter, width and height change places", () => {
    const upright = boxShown({ ...pose, center: [0, 0] }, 600, 800);
    const turned = boxShown({ ...pose, center: [0, 0], bearing: 90 }, 800, 600);
    turned.forEach((side, i) => expect(side).toBeCloseTo(upright[i] ?? NaN, 6));
  });
});

describe("the pose over what there is", () => {
  const city: Box = [-111.1, 32.1, -110.8, 32.3];

  it("shows all of it, with room around", () => {
    const pose = poseOver([city, [-110.9, 32.2, -110.7, 32.25]], 1_920, 1_080);
    const shown = pose === null ? [0, 0, 0, 0] : boxShown(pose, 1_920, 1_080);
    expect(shown[0]).toBeLessThan(-111.1);
    expect(shown[1]).toBeLessThan(32.1);
    expect(shown[2]).toBeGreaterThan(-110.7);
    expect(shown[3]).toBeGreaterThan(32.3);
    expect(pose?.zoom).toBeGreaterThan(10);
  });

  it("shows one place with its surroundings", () => {
    const pose = poseOver([[-110.9, 32.2, -110.9, 32.2]], 1_920, 1_080);
    expect(pose?.zoom).toBe(15);
    expect(pose?.center[0]).toBeCloseTo(-110.9, 9);
    expect(pose?.center[1]).toBeCloseTo(32.2, 9);
  });

  it("is none where there is nothing, or something all over the world", () => {
    expect(poseOver([], 1_920, 1_080)).toBeNull();
    expect(poseOver([[-179, -60, 179, 60]], 1_920, 1_080)).toBeNull();
  });
});
