// What counts say about the beginning of the record: where a replay begins, and of what nothing was there yet.
import { describe, expect, it } from "vitest";

import { beginning, firstStep, unrecordedBy } from "./records";
import type { Timeline } from "./shapes";

const START = Date.parse("2026-01-01T12:00:00Z");
const timeline = (layers: Record<string, number[] | null>, kept_from: string | null): Timeline => ({
  from: "2026-01-01T12:00:00Z",
  to: "2026-01-01T12:02:00Z",
  step_s: 30,
  kept_from,
  layers: Object.entries(layers).map(([layer, counts]) => ({ layer, counts })),
});
const COUNTS = { incidents: [0, 0, 3, 0], units: [0, 5, 5, 5], alpr_hits: [0, 0, 0, 0], cells: null };
const NEW = timeline(COUNTS, "2026-01-01T12:00:00Z");

describe("the record", () => {
  it("begins with the first step in which anything was counted", () => {
    expect(firstStep(NEW)).toEqual({ from: START + 30_000, to: START + 60_000 });
    expect(firstStep(timeline({ incidents: [0, 0], cells: null }, null))).toBeNull();
  });

  it("is replayed from a moment ago, or from its first second on", () => {
    expect(beginning(START, START + 30_000)).toBe(START + 31_000);
    expect(beginning(START + 90_000, START + 30_000)).toBe(START + 90_000);
  });

  it("has nothing of anything before its first record, and says of what it has nothing yet", () => {
    const second = START + 40_000;
    const first: Timeline = {
      ...timeline(
        { incidents: [0, 0], units: [1, 0], alpr_hits: [0, 0], blockages: [0, 1], cells: null },
        null,
      ),
      from: "2026-01-01T12:00:40Z",
      step_s: 1,
    };
    expect([...unrecordedBy(NEW, second - 1, first)]).toEqual(["incidents", "units", "alpr_hits", "cells"]);
    expect([...unrecordedBy(NEW, second, first)]).toEqual(["incidents", "alpr_hits"]);
    expect([...unrecordedBy(NEW, START + 70_000, first)]).toEqual(["alpr_hits"]);
    const more = timeline({ ...COUNTS, blockages: [0, 1, 0, 0] }, "2026-01-01T12:00:00Z");
    expect([...unrecordedBy(more, second, first)], "to the second").toContain("blockages");
    expect([...unrecordedBy(more, second + 1000, first)]).not.toContain("blockages");
    expect([...unrecordedBy(timeline({ incidents: [0] }, null), START, null)]).toEqual(["incidents"]);
  });

  it("may have had anything before the timeline begins, where more is kept", () => {
    const older = timeline(COUNTS, "2025-12-24T00:00:00Z");
    expect([...unrecordedBy(older, START, null)]).toEqual([]);
  });
});
