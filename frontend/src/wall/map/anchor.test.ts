// The place that stands for a geometry.
import { describe, expect, it } from "vitest";

import { anchorOf } from "./anchor";

describe("anchors", () => {
  it("the legs of a junction meet at it, whichever way they were drawn", () => {
    const junction = [1, 1];
    const legs = [
      [junction, [2, 1]],
      [[1, 2], junction],
      [junction, [0, 1]],
    ];
    expect(anchorOf({ type: "MultiLineString", coordinates: legs })).toEqual(junction);
  });
  it("a single line has its middle, an area the mean of its corners", () => {
    expect(
      anchorOf({
        type: "LineString",
        coordinates: [
          [0, 0],
          [1, 0],
          [2, 0],
        ],
      }),
    ).toEqual([1, 0]);
    const ring = [
      [0, 0],
      [2, 0],
      [2, 2],
      [0, 2],
      [0, 0],
    ];
    expect(anchorOf({ type: "Polygon", coordinates: [ring] })).toEqual([1, 1]);
  });
  it("nothing has none", () => {
    expect(anchorOf(null)).toBeNull();
    expect(anchorOf({ type: "LineString", coordinates: [] })).toBeNull();
    expect(anchorOf({ type: "MultiLineString", coordinates: [] })).toBeNull();
    expect(anchorOf({ type: "Point", coordinates: [] })).toBeNull();
  });
});
