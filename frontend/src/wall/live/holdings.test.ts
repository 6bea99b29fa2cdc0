// Holdings against a model: whatever the order of cells within a tick, after the tick the client holds what the server has.
import { describe, expect, it } from "vitest";

import { Holdings } from "./holdings";
import type { Delta, LiveFeature, Snapshot } from "./messages";

const feature = (id: string, version = 0): LiveFeature => ({
  type: "Feature",
  id,
  geometry: { type: "Point", coordinates: [version, 0] },
  properties: { version },
});
const snapshot = (cell: string, ...features: LiveFeature[]): Snapshot => ({
  type: "snapshot",
  layer: "units",
  cell,
  features,
});
const delta = (cell: string, removes: string[], ...upserts: LiveFeature[]): Delta => ({
  type: "delta",
  layer: "units",
  cell,
  removes,
  upserts,
});
const ids = (holdings: Holdings): string[] =>
  holdings
    .features("units")
    .map((held) => held.id)
    .sort();

describe("the rules of the wire", () => {
  it("a snapshot replaces all of its cell and nothing else", () => {
    const holdings = new Holdings();
    holdings.apply(snapshot("a", feature("1"), feature("2")));
    holdings.apply(snapshot("b", feature("3")));
    const change = holdings.apply(snapshot("a", feature("2", 1)));
    expect(change.removed).toEqual(["1"]);
    expect(ids(holdings)).toEqual(["2", "3"]);
  });

  it("an empty snapshot empties its cell", () => {
    const holdings = new Holdings();
    holdings.apply(snapshot("a", feature("1")));
    expect(holdings.apply(snapshot("a")).removed).toEqual(["1"]);
    expect(holdings.count("units")).toBe(0);
  });

  it("a remove of a feature that already moved to another cell does not count", () => {
    const holdings = new Holdings();
    holdings.apply(snapshot("a", feature("1")));
    holdings.apply(delta("b", [], feature("1", 1)));
    expect(holdings.apply(delta("a", ["1"])).removed).toEqual([]);
    expect(ids(holdings)).toEqual(["1"]);
  });

  it("a snapshot of the old cell does not take a feature that has moved on", () => {
    const holdings = new Holdings();
    holdings.apply(snapshot("a", feature("1")));
    holdings.apply(delta("b", [], feature("1", 1)));
    holdings.apply(snapshot("a"));
    expect(ids(holdings)).toEqual(["1"]);
  });

  it("removes come before upserts of the same delta", () => {
    const holdings = new Holdings();
    holdings.apply(snapshot("a", feature("1")));
    holdings.apply(delta("a", ["1"], feature("1", 7)));
    expect(holdings.feature("units", "1")?.properties["version"]).toBe(7);
  });

  it("an unknown id removed is nothing", () => {
    expect(new Holdings().apply(delta("a", ["ghost"])).removed).toEqual([]);
  });

  it("cells outside the subscription are dropped, `*` never", () => {
    const holdings = new Holdings();
    holdings.apply(snapshot("a", feature("1")));
    holdings.apply(snapshot("b", feature("2")));
    holdings.apply(snapshot("*", feature("3")));
    expect(holdings.keepOnly(new Set(["b"]))).toEqual([{ layer: "units", removed: ["1"], placed: [] }]);
    expect(ids(holdings)).toEqual(["2", "3"]);
  });

  it("layers that may no longer be seen are dropped whole", () => {
    const holdings = new Holdings();
    holdings.apply(snapshot("a", feature("1")));
    expect(holdings.keepLayers(new Set(["incidents"]))[0]?.removed).toEqual(["1"]);
    expect(ids(holdings)).toEqual([]);
  });
});

/** A small deterministic generator (mulberry32), so that a failing sequence can be run again by its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const CELLS = ["a", "b", "c", "*"];
interface Placed {
  cell: string;
  version: number;
}
type World = Map<string, Placed>;

function step(world: World, next: () => number): World {
  const after = new Map(world);
  for (let i = 0; i < 6; i += 1) {
    const id = String(Math.floor(next() * 8));
    if (next() < 0.3) after.delete(id);
    else {
      const cell = CELLS[Math.floor(next() * CELLS.length)] ?? "*";
      after.set(id, { cell, version: (world.get(id)?.version ?? 0) + 1 });
    }
  }
  return after;
}

function deltasBetween(before: World, after: World): Delta[] {
  return CELLS.map((cell) => {
    const removes = [...before].filter(([id, at]) => at.cell === cell && after.get(id)?.cell !== cell);
    const upserts = [...after].filter(
      ([id, at]) =>
        at.cell === cell && (before.get(id)?.version !== at.version || before.get(id)?.cell !== cell),
    );
    return delta(
      cell,
      removes.map(([id]) => id),
      ...upserts.map(([id, at]) => feature(id, at.version)),
    );
  }).filter((made) => made.removes.length + made.upserts.length > 0);
}

function shuffled<T>(items: T[], next: () => number): T[] {
  return items
    .map((item) => ({ item, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

const picture = (world: World): [string, number][] =>
  [...world].map(([id, at]): [string, number] => [id, at.version]).sort(([a], [b]) => a.localeCompare(b));
const heldPicture = (holdings: Holdings): [string, number][] =>
  holdings
    .features("units")
    .map((held): [string, number] => [held.id, Number(held.properties["version"])])
    .sort(([a], [b]) => a.localeCompare(b));

describe("random histories", () => {
  it("any order of cells in a tick leads to the server's picture", () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      const next = random(seed);
      const holdings = new Holdings();
      let world: World = new Map();
      for (let tick = 0; tick < 25; tick += 1) {
        const after = step(world, next);
        for (const message of shuffled(deltasBetween(world, after), next)) holdings.apply(message);
        world = after;
        expect(heldPicture(holdings), `seed ${seed}, tick ${tick}`).toEqual(picture(world));
      }
    }
  });

  it("a cut anywhere, then snapshots of every cell in any order, leads to the server's picture", () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      const next = random(seed + 1000);
      const holdings = new Holdings();
      let world: World = new Map();
      for (let tick = 0; tick < 12; tick += 1) {
        const after = step(world, next);
        const missed = next() < 0.4;
        if (!missed)
          for (const message of shuffled(deltasBetween(world, after), next)) holdings.apply(message);
        world = after;
        if (!missed) continue;
        const whole = CELLS.map((cell) =>
          snapshot(
            cell,
            ...[...world].filter(([, at]) => at.cell === cell).map(([id, at]) => feature(id, at.version)),
          ),
        );
        for (const message of shuffled(whole, next)) holdings.apply(message);
        expect(heldPicture(holdings), `seed ${seed}, tick ${tick}`).toEqual(picture(world));
      }
    }
  });

  it("the changes given out rebuild the same picture elsewhere", () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const next = random(seed + 5000);
      const holdings = new Holdings();
      const drawn = new Map<string, LiveFeature>();
      let world: World = new Map();
      for (let tick = 0; tick < 15; tick += 1) {
        const after = step(world, next);
        for (const message of shuffled(deltasBetween(world, after), next)) {
          const change = holdings.apply(message);
          for (const id of change.removed) drawn.delete(id);
          for (const placed of change.placed) drawn.set(placed.id, placed);
        }
        world = after;
      }
      expect([...drawn.keys()].sort(), `seed ${seed}`).toEqual(ids(holdings));
    }
  });
});
