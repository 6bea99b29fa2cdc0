// The first picture is put together out of sight and coarsely. Whatever a map's worker needs on the way (symbols, letters, the next
// tile) it asks of the page, and the page answers between two frames: where a frame costs half a second, as on a display without a
// graphics processor, a picture of ten steps would be ten frames late. So frames cost next to nothing until the picture is whole; it
// is then shown in no more pixels than any display draws at once, and as sharp as the display can bear once the map has nothing else to do.
import type { Map as MapLibreMap } from "maplibre-gl";

/** Part of the full resolution. */
const COARSE = 0.05;
/** A picture that is not whole so long after the live data came is shown as it is; and without them, if they do not come. */
const LATEST_MS = 2500;
const LATEST_WITHOUT_MS = 3500;
/** What a display without a graphics processor draws in a moment. */
const QUICK_PIXELS = 450_000;
/** Whole by then, whatever moves. */
const WHOLE_AFTER_MS = 1500;

/** The part of the full resolution in which a map of this many pixels is quickly drawn. */
export const quickPart = (pixels: number): number =>
  Math.min(1, Math.sqrt(QUICK_PIXELS / Math.max(1, pixels)));

/**
 * To be called when the style is there: its symbols are then being fetched for the full resolution. The picture is whole once what
 * `ready` waits for is in the map and drawn. `onShown` is called once it is shown: what came too late for it may come then; `onWhole`
 * once that is drawn too.
 */
export function makeFirstPicture(
  map: MapLibreMap,
  pixelRatio: number,
  ready: Promise<unknown>,
  onShown: () => void,
  onWhole: () => void,
): void {
  const { style } = map.getContainer();
  let isReady = false;
  style.visibility = "hidden";
  map.setPixelRatio(pixelRatio * COARSE);
  const look = (): void => {
    if (isReady && map.loaded()) show();
  };
  const show = (): void => {
    map.off("render", look);
    clearTimeout(latest);
    const { clientWidth, clientHeight } = map.getContainer();
    map.setPixelRatio(pixelRatio * quickPart(clientWidth * clientHeight * pixelRatio ** 2));
    style.visibility = "";
    map.once("render", () => {
      onShown();
      whenWhole(map, onWhole);
    });
  };
  let latest = setTimeout(show, LATEST_WITHOUT_MS);
  map.on("render", look);
  void ready.then(() => {
    // A source takes what it was given only after this turn; until then the map does not know that something is still to come.
    setTimeout(() => {
      if (style.visibility === "") return;
      clearTimeout(latest);
      latest = setTimeout(show, LATEST_MS);
      isReady = true;
      map.triggerRepaint();
    });
  });
}

function whenWhole(map: MapLibreMap, onWhole: () => void): void {
  const whole = (): void => {
    map.off("idle", whole);
    clearTimeout(latest);
    onWhole();
  };
  const latest = setTimeout(whole, WHOLE_AFTER_MS);
  map.on("idle", whole);
}
