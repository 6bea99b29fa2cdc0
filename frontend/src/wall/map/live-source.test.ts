// One update in flight, two a second at most, and the newest state of every id wins.
import { beforeEach, describe, expect, it } from "vitest";
import type { GeoJSONSourceDiff } from "maplibre-gl";

import type { LiveFeature } from "../live/messages";
import { LEAST_BETWEEN_MS, LiveSource, type Circumstances } from "./live-source";

let time: number;
let due: { at: number; run: () => void }[];
let sent: GeoJSONSourceDiff[];
let finish: (() => void)[];
let source: LiveSource;

const around: Circumstances = {
  serverNow: () => time,
  timeZone: () => "UTC",
  now: () => time,
  after: (ms, run) => void due.push({ at: time + ms, run }),
};
const target = {
  updateData: (diff: GeoJSONSourceDiff): Promise<void> => {
    sent.push(diff);
    return new Promise((resolve) => finish.push(resolve));
  },
};
const feature = (id: string, lon: number, rest: Partial<LiveFeature> = {}): LiveFeature => ({
  type: "Feature",
  id,
  geometry: { type: "Point", coordinates: [lon, 0] },
  properties: {},
  ...rest,
});
async function pass(ms: number): Promise<void> {
  time += ms;
  const now = due.filter((timer) => timer.at <= time);
  due = due.filter((timer) => timer.at > time);
  for (const timer of now) timer.run();
  await Promise.resolve();
}
async function finishUpdate(): Promise<void> {
  finish.shift()?.();
  for (let i = 0; i < 4; i += 1) await Promise.resolve();
}
const place = (...placed: LiveFeature[]): void => source.take({ layer: "units", removed: [], placed });

beforeEach(() => {
  time = 1_000_000;
  due = [];
  sent = [];
  finish = [];
  source = new LiveSource("units", around);
  source.attach(target, []);
});

describe("a live source", () => {
  it("leaves nothing behind for another picture, and draws all again when it is back", async () => {
    place(feature("a", 1));
    await pass(0);
    source.detach();
    expect(sent.at(-1)).toEqual({ removeAll: true });
    place(feature("b", 2));
    await pass(5000);
    expect(sent).toHaveLength(2);
    source.attach(target, [feature("a", 1), feature("b", 2)]);
    await pass(5000);
    expect(sent.at(-1)).toMatchObject({ removeAll: true, add: [{ id: 1 }, { id: 3 }] });
  });

  it("sends nothing where nothing changed", async () => {
    await pass(5000);
    expect(sent).toEqual([]);
  });

  it("keeps one update in flight and merges what comes meanwhile", async () => {
    place(feature("1", 1));
    await pass(0);
    place(feature("1", 2), feature("2", 2));
    place(feature("1", 3));
    await pass(2000);
    expect(sent).toHaveLength(1);
    await finishUpdate();
    await pass(1000);
    expect(sent).toHaveLength(2);
    const lons = sent[1]?.add?.map((made) =>
      made.geometry.type === "Point" ? made.geometry.coordinates[0] : null,
    );
    expect(lons).toEqual([3, 2]);
  });

  it("starts at most two updates a second", async () => {
    place(feature("1", 1));
    await pass(0);
    await finishUpdate();
    place(feature("1", 2));
    await pass(LEAST_BETWEEN_MS - 100);
    expect(sent).toHaveLength(1);
    await pass(100);
    expect(sent).toHaveLength(2);
  });

  it("asks a slow display less often", async () => {
    place(feature("1", 1));
    await pass(0);
    time += 900;
    await finishUpdate();
    place(feature("1", 2));
    await pass(800);
    expect(sent).toHaveLength(1);
    await pass(100);
    expect(sent).toHaveLength(2);
  });

  it("removes what is withdrawn, and what lost its place", async () => {
    place(feature("1", 1), feature("2", 1));
    await pass(0);
    await finishUpdate();
    source.take({ layer: "units", removed: ["1"], placed: [feature("2", 0, { geometry: null })] });
    await pass(1000);
    const drawnBefore = sent[0]?.add?.map((made) => made.id);
    expect(sent[1]?.remove).toEqual(expect.arrayContaining(drawnBefore ?? ["missing"]));
    expect(sent[1]?.add).toEqual([]);
  });

  it("fades a feature when its time comes, with no message", async () => {
    const fading = feature("1", 1, {
      observed_at: new Date(time).toISOString(),
      stale_at: new Date(time + 10_000).toISOString(),
    });
    place(fading);
    await pass(0);
    await finishUpdate();
    source.age([fading]);
    await pass(1000);
    expect(sent).toHaveLength(1);
    time += 10_000;
    source.age([fading]);
    await pass(1000);
    expect(sent[1]?.add?.[0]?.properties?.["freshness"]).toBe("stale");
  });

  it("draws everything again into a new source", async () => {
    const held = [feature("1", 1), feature("2", 2)];
    place(...held);
    await pass(0);
    source.attach(target, held);
    await pass(0);
    expect(sent.at(-1)?.removeAll).toBe(true);
    expect(sent.at(-1)?.add).toHaveLength(2);
  });
});
