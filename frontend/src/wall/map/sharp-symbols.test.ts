import { describe, expect, it } from "vitest";

import { sharpSymbols } from "./sharp-symbols";

const at = "http://wall/sprites/night";
const asked = (fullRatio: number, url: string, type = "SpriteImage"): string =>
  sharpSymbols(fullRatio)(url, type).url;

describe("symbols", () => {
  it("are those of the full resolution, whichever MapLibre asks for", () => {
    for (const drawn of [".png", "@2x.png"]) {
      expect(asked(2, `${at}${drawn}`)).toBe(`${at}@2x.png`);
      expect(asked(1, `${at}${drawn}`)).toBe(`${at}.png`);
    }
    expect(asked(2, `${at}.json?v=3.json`, "SpriteJSON")).toBe(`${at}@2x.json?v=3.json`);
  });

  it("nothing else is asked for elsewhere", () => {
    const tile = "http://wall/tiles/incidents/1/1/1.json";
    expect(asked(2, tile, "Tile")).toBe(tile);
  });
});
