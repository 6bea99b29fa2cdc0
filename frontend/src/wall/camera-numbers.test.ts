// A camera that sees the point and is also among the nearest has one number, not two.
import { expect, it } from "vitest";

import { numberedCameras } from "./camera-numbers";
import type { Found } from "./server/shapes";

const camera = (id: string): Found => ({ type: "Feature", id, geometry: null, properties: {} });

it("numbers those that see first, then the nearest, each once", () => {
  const numbered = numberedCameras(
    { is: "here", value: [camera("b"), camera("a")] },
    { is: "here", value: [camera("a"), camera("c")] },
  );
  expect([...numbered].map(([id, { number }]) => [id, number])).toEqual([
    ["b", 1],
    ["a", 2],
    ["c", 3],
  ]);
});

it("numbers nothing while nothing is known", () => {
  expect(numberedCameras({ is: "coming" }, { is: "refused", why: "" }).size).toBe(0);
});
