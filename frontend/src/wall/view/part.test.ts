// Displays of one view: what an address says, and where their pictures lie.
import { describe, expect, it } from "vitest";

import { awayFromMiddle, leads, railOnLeft, readPart, writePart, type Part } from "./part";

const part = (query: string): Part | null => readPart(new URLSearchParams(query));

describe("a display among several", () => {
  it("is named by its address, and its address by it", () => {
    expect(part("cell=2,1")).toEqual({ column: 2, row: 1, columns: 1, rows: 1, bezel_px: [0, 0] });
    for (const query of [
      "cell=1,1",
      "cell=2,1",
      "cell=3,2&grid=3,2",
      "cell=1,1&grid=2,1&bezel=40",
      "cell=1,2&bezel=12,30",
    ]) {
      const read = part(query);
      expect(read === null ? null : writePart(read).join("&")).toBe(query);
    }
  });

  it("is none where the address makes no sense", () => {
    for (const query of [
      "",
      "cell=",
      "cell=2",
      "cell=0,1",
      "cell=1.5,1",
      "cell=a,b",
      "cell=1,2,3",
      "cell=99,1",
      "grid=2,1",
    ]) {
      expect(part(query), query).toBeNull();
    }
    expect(part("cell=3,1&grid=2,1")).toBeNull();
    expect(part("cell=1,1&bezel=wide")?.bezel_px).toEqual([0, 0]);
    expect(part("cell=1,1&bezel=-3")?.bezel_px).toEqual([0, 0]);
    expect(part("cell=1,1&bezel=")?.bezel_px).toEqual([0, 0]);
  });

  it("lies its width and a frame from its neighbour, about the middle of the grid", () => {
    const away = (query: string): [number, number] => awayFromMiddle(part(query) as Part, 1000, 600);
    expect(away("cell=1,1")).toEqual([0, 0]);
    expect(away("cell=2,1&bezel=40")).toEqual([1040, 0]);
    expect(away("cell=1,1&grid=2,1&bezel=40")).toEqual([-520, 0]);
    expect(away("cell=2,1&grid=2,1&bezel=40")).toEqual([520, 0]);
    expect(away("cell=2,3&grid=3,3&bezel=10,20")).toEqual([0, 620]);
  });

  it("leads where it stands alone or is the upper one on the right", () => {
    const leading = ["", "cell=1,1", "cell=2,1&grid=2,2"].map((query) => leads(part(query)));
    const led = ["cell=2,1", "cell=1,1&grid=2,1", "cell=2,2&grid=2,2"].map((query) => leads(part(query)));
    expect([leading, led]).toEqual([
      [true, true, true],
      [false, false, false],
    ]);
  });

  it("has its rail at the outer edge of the whole", () => {
    const left = ["", "cell=1,1", "cell=1,1&grid=1,2", "cell=2,1&grid=2,1"].map((query) =>
      railOnLeft(part(query)),
    );
    expect(left).toEqual([false, true, true, false]);
  });
});
