// How long the map's frames take to be drawn: from the moment a frame is handed over until the graphics processor, or whatever stands
// in for it, says that it is done. One at a time; what a hidden page draws is not counted, for it is drawn when the browser likes.
import type { Map as MapLibreMap } from "maplibre-gl";

const LOOK_EVERY_MS = 8;

/** Tells of every frame measured, in ms. */
export function timeFrames(map: MapLibreMap, onFrame: (took_ms: number) => void): void {
  const gl = map.getCanvas().getContext("webgl2");
  if (gl === null) return;
  let measuring = false;
  let hidden = document.hidden;
  document.addEventListener("visibilitychange", () => (hidden = true));
  const begin = (): void => {
    const sync = measuring ? null : gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (sync === null) return;
    gl.flush();
    const began = performance.now();
    measuring = true;
    hidden = document.hidden;
    const look = (): void => {
      const isLost = gl.isContextLost();
      if (!isLost && gl.getSyncParameter(sync, gl.SYNC_STATUS) !== gl.SIGNALED) {
        setTimeout(look, LOOK_EVERY_MS);
        return;
      }
      gl.deleteSync(sync);
      measuring = false;
      if (!isLost && !hidden) onFrame(performance.now() - began);
    };
    setTimeout(look, LOOK_EVERY_MS);
  };
  map.on("render", begin);
  map.once("remove", () => map.off("render", begin));
}
