// Frames of the wire: what is known is read, what is not is left alone.
import { describe, expect, it } from "vitest";

import { parseFrame } from "./messages";

const parse = (value: unknown): unknown[] => parseFrame(JSON.stringify(value));

describe("frames", () => {
  it("reads one message, or an array of them", () => {
    const tick = { type: "tick", id: "e:7:s", seq: 7, server_time: "2026-01-01T00:00:00Z" };
    expect(parse(tick)).toEqual([tick]);
    expect(parse([tick, { type: "from-the-future" }, null, tick])).toEqual([tick, tick]);
  });

  it("makes ids text and fills what is missing", () => {
    const [message] = parse({
      type: "delta",
      layer: "units",
      removes: [7],
      upserts: [{ id: 8 }, { nothing: 1 }],
    });
    expect(message).toMatchObject({
      cell: "*",
      removes: ["7"],
      upserts: [{ id: "8", geometry: null, properties: {} }],
    });
  });

  it("`tiles` of null means all", () => {
    expect(parse({ type: "tiles", layers: ["cameras"], tiles: null })).toEqual([
      { type: "tiles", layers: ["cameras"], tiles: null },
    ]);
    expect(parse({ type: "tiles", layers: ["cameras"], tiles: [[1, 2, 3], [4]] })).toMatchObject([
      { tiles: [[1, 2, 3]] },
    ]);
  });

  it("keeps the level of an alert within 1 to 3", () => {
    expect(parse({ type: "alert", alert: { id: "a", level: 9 } })).toMatchObject([{ alert: { level: 3 } }]);
    expect(parse({ type: "alert" })).toMatchObject([{ alert: { id: "alert", level: 2 } }]);
  });

  it("is no worse for nonsense", () => {
    for (const frame of ["", "{", "7", "null", '"text"', "[[]]", '{"type":"snapshot","features":"none"}']) {
      expect(() => parseFrame(frame)).not.toThrow();
    }
  });
});
