// Addresses survive a round trip, and nonsense in one is ignored rather than fatal.
import { describe, expect, it } from "vitest";

import { readAddress, writeQuery } from "./address";

describe("the wall's address", () => {
  it("reads all it can carry", () => {
    expect(
      readAddress(
        "/wall/Dispatch%20A",
        "?scene=downtown&layers=units,cameras&style=day&scale=1.5&cycle=1&at=-110.97,32.22,14.5&replay=2026-03-01T04:14:05Z",
      ),
    ).toEqual({
      wall: "Dispatch A",
      scene: "downtown",
      layers: ["units", "cameras"],
      style: "day",
      scale: 1.5,
      cycle: true,
      at: { center: [-110.97, 32.22], zoom: 14.5, bearing: 0, pitch: 0 },
      replay: "2026-03-01T04:14:05Z",
    });
  });

  it("opens on nonsense", () => {
    expect(readAddress("/", "?style=neon&scale=-3&at=a,b&cycle=maybe&replay=tonight")).toEqual({
      wall: null,
      scene: null,
      layers: null,
      style: null,
      scale: null,
      cycle: false,
      at: null,
      replay: null,
    });
    expect(readAddress("/wall/%E0%A4%A", "").wall).toBe("%E0%A4%A");
    expect(readAddress("/wall", "?scale=99").scale).toBe(4);
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
    ]) {
      expect(writeQuery(readAddress("/wall/A", query))).toBe(query);
    }
  });
});
