// When and how loud a display sounds.
import { describe, expect, it } from "vitest";

import { AT_FIRST, isQuiet, NOT_ASKED, readQuiet, readVolume, settle, writeQuiet } from "./settings";

const at = (time: string): number => Date.parse(`2026-11-22T${time}:00Z`);

describe("quiet hours", () => {
  it.each([
    ["22:00-06:00", "21:59", false],
    ["22:00-06:00", "22:00", true],
    ["22:00-06:00", "03:00", true],
    ["22:00-06:00", "06:00", false],
    ["12:00-13:30", "13:29", true],
    ["12:00-13:30", "11:59", false],
  ])("%s at %s: %s", (hours, time, quiet) => {
    expect(isQuiet(readQuiet(hours), at(time), "UTC")).toBe(quiet);
  });

  it("go by the clock of the city", () => {
    expect(isQuiet(readQuiet("22:00-06:00"), at("06:30"), "America/Phoenix")).toBe(true);
  });

  it.each(["", "22:00", "22:00-22:00", "25:00-06:00", "22-06", "22:00-06:00-07:00"])("%j is none", (text) => {
    expect(readQuiet(text)).toBeNull();
  });

  it("are written as they are read", () => {
    const quiet = readQuiet("22:05-06:30");
    expect(quiet === null ? "" : writeQuiet(quiet)).toBe("22:05-06:30");
  });
});

describe("the settings of a display", () => {
  it("are what was kept, under what the address asks", () => {
    const stored = JSON.stringify({ on: true, volume: 0.3, quiet: { from_min: 60, to_min: 120 } });
    expect(settle(stored, NOT_ASKED)).toEqual({
      on: true,
      volume: 0.3,
      quiet: { from_min: 60, to_min: 120 },
    });
    expect(settle(stored, { on: false, volume: 1, quiet: null })).toMatchObject({ on: false, volume: 1 });
  });

  it.each([null, "", "null", "7", "{", '{"on":"yes","volume":11,"quiet":{"from_min":-1,"to_min":5}}'])(
    "are the first ones after %j",
    (stored) => expect(settle(stored, NOT_ASKED)).toEqual(AT_FIRST),
  );

  it("have a volume between silent and full", () => {
    expect(["0", "55", "100", "101", "-1", "loud", ""].map(readVolume)).toEqual([
      0,
      0.55,
      1,
      null,
      null,
      null,
      null,
    ]);
  });
});
