// MapLibre made ready: its worker is started as soon as this is read, while the wall still asks what there is to draw.
import { prewarm, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";

setWorkerUrl(workerUrl);
prewarm();
