// The first picture is put together out of sight and coarsely. Whatever a map's worker needs on the way (symbols, letters, the next
// tile) it asks of the page, and the page answers between two frames: where a frame costs half a second, as on a display without a
// graphics processor, a picture of ten steps would be ten frames late. So frames cost next to nothing until the picture is whole.
import type { Map as MapLibreMap } from "maplibre-gl";

/** Part of the full resolution. */
const COARSE = 0.05;
/** A picture that is not whole by then is shown as it is. */
const LATEST_MS = 1500;

/** To be called when the style is there: its symbols are then being fetched for the full resolution. */
export function makeFirstPicture(map: MapLibreMap, pixelRatio: number): void {
  const { style } = map.getContainer();
  style.visibility = "hidden";
  map.setPixelRatio(pixelRatio * COARSE);
  const look = (): void => {
    if (map.loaded()) show();
  };
  const show = (): void => {
    map.off("render", look);
    clearTimeout(latest);
    map.setPixelRatio(pixelRatio);
    style.visibility = "";
  };
  const latest = setTimeout(show, LATEST_MS);
  map.on("render", look);
}
