// The one build of hls.js that is used ships without a declaration of its own.
declare module "hls.js/light" {
  export { default } from "hls.js";
}

declare module "maplibre-gl/dist/maplibre-gl-worker.mjs" {
  const MapLibreWorker: new (self: Window & typeof globalThis) => object;
  export default MapLibreWorker;
}
