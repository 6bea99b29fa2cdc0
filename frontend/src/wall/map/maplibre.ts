// MapLibre made ready: its worker is started as soon as this is read, while the wall still asks what there is to draw.
import { prewarm, setWorkerCount, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";

const MOST_WORKERS = 3;
/** Each reads half a megabyte of code before its first tile: worth it only where it gets a core of its own. */
setWorkerCount(Math.min(MOST_WORKERS, Math.max(1, Math.floor(navigator.hardwareConcurrency / 2))));
setWorkerUrl(workerUrl);
prewarm();
