// Counts become rows, bars, hours and words.
import { describe, expect, it } from "vitest";

import { barsOf, heightOf, rowsOf, stepFor, ticksOf, told } from "./histogram";
import type { CatalogLayer } from "../server/shapes";
import type { Timeline } from "./shapes";

const at = (text: string): number => Date.parse(text);

const timeline = (layers: Record<string, number[] | null>): Timeline => ({
  from: "2026-03-01T00:00:00Z",
  to: "2026-03-01T00:15:00Z",
  step_s: 300,
  kept_from: null,
  layers: Object.entries(layers).map(([layer, counts]) => ({ layer, counts })),
});

const counted = (name: string, replay_row?: string): CatalogLayer =>
  ({
    name,
    wall: { live: true, shown_at_first: true, ...(replay_row === undefined ? {} : { replay_row }) },
  }) as CatalogLayer;
const catalog = [
  counted("cameras"),
  counted("incidents", "Incidents"),
  counted("alpr_hits", "Alarms"),
  counted("units", "Units"),
  counted("blockages", "Alarms"),
  counted("lamps", "Street lights"),
  counted("trees", "Other"),
];

describe("rows", () => {
  it("put together what belongs together, and leave out what never happened", () => {
    const rows = rowsOf(
      timeline({
        units: [4, 0, 9],
        alpr_hits: [1, 0, 0],
        blockages: [1, 2, 0],
        incidents: [0, 0, 0],
        lamps: [0, 0, 2],
        trees: [0, 1, 0],
        unheard_of: [0, 1, 0],
      }),
      catalog,
    );
    expect(rows.map(({ place, title, counts }) => [place, title, counts])).toEqual([
      [1, "Alarms", [2, 2, 0]],
      [2, "Units", [4, 0, 9]],
      [3, "Street lights", [0, 0, 2]],
      [null, "Other", [0, 2, 0]],
    ]);
    expect(rows[1]).toMatchObject({ total: 13, most: 9 });
  });

  it("pass over layers that give no counts", () => {
    expect(rowsOf(timeline({ incidents: null, units: null }), catalog)).toEqual([]);
  });
});

describe("bars", () => {
  it("show one event beside a hundred, and nothing as nothing", () => {
    expect(heightOf(100, 100)).toBe(1);
    expect(heightOf(25, 100)).toBe(0.5);
    expect(heightOf(1, 10_000)).toBeGreaterThan(0.1);
    expect(heightOf(0, 100)).toBe(0);
    expect(heightOf(0, 0)).toBe(0);
  });

  it("are drawn where something happened only", () => {
    const [row] = rowsOf(timeline({ units: [4, 0, 1] }), catalog);
    expect(row && barsOf(row)).toBe("M0 1h.82v-1.000h-.82zM2 1h.82v-0.500h-.82z");
  });

  it("are as many as can be told apart", () => {
    expect(stepFor(24 * 3_600_000)).toBe(600);
    expect(stepFor(600_000)).toBe(5);
    expect(stepFor(60_000)).toBe(1);
  });
});

describe("the hours below", () => {
  it("are round in the wall's own zone", () => {
    const day = ticksOf(at("2026-11-21T04:42:07Z"), at("2026-11-22T04:42:07Z"), "America/Phoenix");
    expect(day.map(({ words }) => words)).toEqual([
      "00:00",
      "03:00",
      "06:00",
      "09:00",
      "12:00",
      "15:00",
      "18:00",
    ]);
    expect(day[0]?.place).toBeCloseTo(2.298 / 24, 3);
  });

  it("are round where a zone is off by half an hour", () => {
    const hours = ticksOf(at("2026-01-01T00:00:00Z"), at("2026-01-01T06:00:00Z"), "Asia/Kolkata");
    expect(hours.map(({ words }) => words)).toEqual(["06:00", "07:00", "08:00", "09:00", "10:00", "11:00"]);
  });

  it("become minutes where the log is short", () => {
    const minutes = ticksOf(at("2026-01-01T00:00:30Z"), at("2026-01-01T00:05:30Z"), "UTC");
    expect(minutes.map(({ words }) => words)).toEqual(["00:01", "00:02", "00:03", "00:04", "00:05"]);
  });
});

it("a row is told with its busiest step", () => {
  const [row] = rowsOf(timeline({ units: [4, 11, 1] }), catalog);
  expect(row && told(row, at("2026-03-01T00:00:00Z"), 300, "America/Phoenix")).toEqual({
    title: "Units",
    total: 16,
    busiest: "17:05 to 17:10: 11",
  });
});
