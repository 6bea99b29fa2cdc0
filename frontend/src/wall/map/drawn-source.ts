// A source that says it is updated only once its tiles are made anew, not when the change is merely taken: whoever then sends the next
// change never piles work upon work that a busy display has not done.
import type { GeoJSONSource, GeoJSONSourceDiff, Map as MapLibreMap, MapSourceDataEvent } from "maplibre-gl";

import type { DiffTarget } from "./live-source";

/** A source whose tiles do not come counts as done by then: its next change may mend it. */
const LATEST_MS = 3000;

export function drawnSource(map: MapLibreMap, name: string): DiffTarget | null {
  const source = map.getSource<GeoJSONSource>(name);
  if (source === undefined) return null;
  return {
    updateData: async (difference: GeoJSONSourceDiff) => {
      await source.updateData(difference);
      await tilesMade(map, name, source);
    },
  };
}

function tilesMade(map: MapLibreMap, name: string, source: GeoJSONSource): Promise<void> {
  // With another style the source is another, or gone: nobody waits for that.
  const done = (): boolean => map.getSource(name) !== source || map.isSourceLoaded(name);
  return new Promise((resolve) => {
    if (done()) return resolve();
    const look = (event?: MapSourceDataEvent): void => {
      if (event !== undefined && (event.sourceId !== name || !done())) return;
      map.off("sourcedata", look);
      clearTimeout(latest);
      resolve();
    };
    const latest = setTimeout(look, LATEST_MS);
    map.on("sourcedata", look);
  });
}
