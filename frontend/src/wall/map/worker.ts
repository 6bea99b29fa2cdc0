// A worker of the map: MapLibre's own, with a memory for tiles. What one worker fetched another may be asked for later: they tell each
// other, under the name that their page has given them, and so every tile is kept once.
import MapLibreWorker from "maplibre-gl/dist/maplibre-gl-worker.mjs";

import { TileMemory, remembering, type Kept } from "./tile-memory";

/** Several views of a city in full detail on a 4K wall. */
const MOST_BYTES = 24 * 1024 * 1024;
/** A worker that reads a large tile answers late; one that has nothing does not answer. */
const PATIENCE_MS = 500;

type Said = { outdated: string } | { wanted: string } | { found: string; kept: Kept };

const memory = new TileMemory(MOST_BYTES);
const channel = new BroadcastChannel(`atalaya-tiles ${self.location.hash}`);
const waiting = new Map<string, ((kept: Kept) => void)[]>();
const say = (said: Said): void => channel.postMessage(said);

channel.onmessage = ({ data }: MessageEvent<Said>): void => {
  if ("outdated" in data) return memory.forget(data.outdated);
  if ("wanted" in data) {
    const kept = memory.recall(data.wanted);
    if (kept !== null) say({ found: data.wanted, kept });
    return;
  }
  for (const heard of waiting.get(data.found) ?? []) heard(data.kept);
};

function recall(url: string): Promise<Kept | null> {
  return new Promise((resolve) => {
    const settle = (kept: Kept | null): void => {
      clearTimeout(patience);
      const left = (waiting.get(url) ?? []).filter((one) => one !== settle);
      if (left.length > 0) waiting.set(url, left);
      else waiting.delete(url);
      resolve(kept);
    };
    const patience = setTimeout(() => settle(null), PATIENCE_MS);
    waiting.set(url, [...(waiting.get(url) ?? []), settle]);
    say({ wanted: url });
  });
}

// It begins by itself where it is read, and is read only where it is named.
if (!("worker" in self)) new MapLibreWorker(self);

self.fetch = remembering(self.fetch.bind(self), memory, {
  outdated: (url) => say({ outdated: url }),
  recall,
});
