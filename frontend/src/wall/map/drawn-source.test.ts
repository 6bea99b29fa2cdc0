// Updated means drawn: until its tiles are made, and no longer than that may take.
import type { Map as MapLibreMap } from "maplibre-gl";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { drawnSource } from "./drawn-source";

class FakeMap {
  source: { updateData(): Promise<void> } | undefined = { updateData: () => Promise.resolve() };
  made = false;
  looks = new Set<(event: { sourceId: string }) => void>();

  getSource = (): unknown => this.source;
  isSourceLoaded = (): boolean => this.made;
  on = (_: string, look: (event: { sourceId: string }) => void): unknown => this.looks.add(look);
  off = (_: string, look: (event: { sourceId: string }) => void): unknown => this.looks.delete(look);
  heard(sourceId: string): void {
    for (const look of this.looks) look({ sourceId });
  }
}

async function updating(map: FakeMap): Promise<() => boolean> {
  let done = false;
  void drawnSource(map as unknown as MapLibreMap, "units")
    ?.updateData({})
    .then(() => (done = true));
  await vi.advanceTimersByTimeAsync(0);
  return () => done;
}

describe("a source that says when it is drawn", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is none where the style has none", () => {
    const map = new FakeMap();
    map.source = undefined;
    expect(drawnSource(map as unknown as MapLibreMap, "units")).toBeNull();
  });

  it("waits for its own tiles", async () => {
    const map = new FakeMap();
    const done = await updating(map);
    map.heard("units");
    map.made = true;
    map.heard("incidents");
    await vi.advanceTimersByTimeAsync(0);
    expect(done()).toBe(false);
    map.heard("units");
    await vi.advanceTimersByTimeAsync(0);
    expect(done()).toBe(true);
    expect(map.looks.size).toBe(0);
  });

  it("does not wait for tiles that never come", async () => {
    const map = new FakeMap();
    const done = await updating(map);
    await vi.advanceTimersByTimeAsync(3000);
    expect(done()).toBe(true);
    expect(map.looks.size).toBe(0);
  });

  it("does not wait for the tiles of another style", async () => {
    const map = new FakeMap();
    const update = updating(map);
    map.source = undefined;
    expect((await update)()).toBe(true);
  });
});
