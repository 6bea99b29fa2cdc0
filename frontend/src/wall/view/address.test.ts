// Addresses survive a round trip, and nonsense in one is ignored rather than fatal.
import { describe, expect, it } from "vitest";

import { readAddress, writeQuery } from "./address";

describe("the wall's address", () => {
  it("reads all it can carry", () => {
    expect(
      readAddress(
        "/wall/Dispatch%20A",
        "?scene=downtown&layers=units,cameras&style=day&scale=1.5&cycle=1&focus=12&sound=on&volume=40&quiet=22:00-06:00&cell=2,1&at=-110.97,32.22,14.5&replay=2026-03-01T04:14:05Z",
      ),
    ).toEqual({
      wall: "Dispatch A",
      scene: "downtown",
      layers: ["units", "cameras"],
      style: "day",
      scale: 1.5,
      cycle: true,
      focus_s: 12,
      sound: { on: true, volume: 0.4, quiet: { from_min: 1320, to_min: 360 } },
      at: { center: [-110.97, 32.22], zoom: 14.5, bearing: 0, pitch: 0 },
      part: { column: 2, row: 1, columns: 1, rows: 1, bezel_px: [0, 0] },
      replay: "2026-03-01T04:14:05Z",
    });
  });

  it("opens on nonsense", () => {
    expect(
      readAddress(
        "/",
        "?style=neon&scale=-3&at=a,b&cycle=maybe&focus=soon&sound=loud&volume=200&quiet=always&cell=middle&replay=tonight",
      ),
    ).toEqual({
      wall: null,
      scene: null,
      layers: null,
      style: null,
      scale: null,
      cycle: false,
      focus_s: null,
      sound: { on: null, volume: null, quiet: null },
      at: null,
      part: null,
      replay: null,
    });
    expect(readAddress("/wall/%E0%A4%A", "").wall).toBe("%E0%A4%A");
    expect(readAddress("/wall", "?scale=99").scale).toBeNull();
  });

  it("writes what it reads", () => {
    for (const query of [
      "",
      "?scene=city",
      "?scene=city&layers=units,alpr_hits&style=night&scale=2&cycle=1",
      "?at=-110.94,32.22,11.5",
      "?at=-110.94,32.22,11.5,30,45",
      "?layers=",
      "?scene=city&replay=2026-03-01T04:14:05Z",
      "?focus=off",
      "?scene=city&cell=2,1&grid=3,2&bezel=40",
      "?sound=off&volume=0&quiet=12:00-13:30",
      "?scene=city&cycle=1&focus=45",
    ]) {
      expect(writeQuery(readAddress("/wall/A", query))).toBe(query);
    }
  });
});
