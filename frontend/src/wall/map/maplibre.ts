// MapLibre made ready: its worker is started as soon as this is read, while the wall still asks what there is to draw.
import { prewarm, setWorkerCount, setWorkerUrl } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";

import workerUrl from "./worker?worker&url";

const MOST_WORKERS = 3;
/** Each reads half a megabyte of code before its first tile: worth it only where it gets a core of its own. */
setWorkerCount(Math.min(MOST_WORKERS, Math.max(1, Math.floor(navigator.hardwareConcurrency / 2))));
/** The workers of one page have a name in common, by which they find each other. */
setWorkerUrl(`${workerUrl}#${String(Math.random()).slice(2)}`);
prewarm();
