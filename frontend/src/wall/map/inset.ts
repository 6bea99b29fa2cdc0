// A second, small map that shows one place close up: the same ground and layers as the stage, nothing to click, and never moved by
// hand. What lives is drawn anew once a second, and only what is near.
import { Map as MapLibreMap, type GeoJSONSource, type StyleSpecification } from "maplibre-gl";

import { liveLayers } from "../live/area";
import type { LiveFeature } from "../live/messages";
import { compose } from "./compose";
import { anchorOf } from "./anchor";
import { drawn } from "./drawn";
import { sourceOf } from "./drawing";
import "./maplibre";
import { SELECTION_SOURCE } from "./overlay/selection";
import type { Dress } from "./stage";

const REACH_DEGREES = 0.02;

export interface InsetSource {
  features(layer: string): LiveFeature[];
  serverNow(): number;
  timeZone(): string;
}

const styleOf = ({ theme, ground, catalog, shown }: Dress): StyleSpecification =>
  compose(ground, theme, catalog, shown, window.location.origin).style;

export class Inset {
  readonly map: MapLibreMap;
  readonly #filled = new Set<string>();
  #selection: GeoJSON.Feature[] = [];
  #live: readonly string[];

  /** `pixelRatio`: as the main map is drawn just now. */
  constructor(
    container: HTMLElement,
    private readonly at: [number, number],
    zoom: number,
    pixelRatio: number,
    dress: Dress,
    private readonly from: InsetSource,
  ) {
    this.#live = liveLayers(dress.catalog);
    this.map = new MapLibreMap({
      container,
      style: styleOf(dress),
      center: at,
      zoom,
      interactive: false,
      attributionControl: false,
      fadeDuration: 0,
      pixelRatio,
      locale: { "Map.Title": "Inset map" },
    });
    this.map.getCanvas().tabIndex = -1;
    this.map.on("error", ({ error }) => console.warn(error.message));
    this.map.on("style.load", () => this.#fill());
  }

  /** By day and by night as the main view. */
  wear(dress: Dress): void {
    this.#live = liveLayers(dress.catalog);
    this.map.setStyle(styleOf(dress), { diff: false });
  }

  /** As sharp as the main map is drawn from now on. */
  sharpen(pixelRatio: number): void {
    if (this.map.getPixelRatio() === pixelRatio) return;
    this.map.setPixelRatio(pixelRatio);
    // At once: a canvas that has another size is empty until it is drawn.
    this.map.redraw();
  }

  #fill(): void {
    this.refresh();
    this.select(this.#selection);
  }

  select(features: GeoJSON.Feature[]): void {
    this.#selection = features;
    this.#set(SELECTION_SOURCE, features);
  }

  refresh(): void {
    const now = this.from.serverNow();
    const zone = this.from.timeZone();
    for (const layer of this.#live) {
      const near = this.from.features(layer).filter((feature) => this.#isNear(feature));
      if (near.length === 0 && !this.#filled.has(layer)) continue;
      const features = near.flatMap((one, i) => drawn(layer, one, [2 * i + 1, 2 * i + 2], now, zone));
      this.#filled.add(layer);
      this.#set(sourceOf(layer), features);
    }
  }

  remove(): void {
    this.map.remove();
  }

  #isNear(feature: LiveFeature): boolean {
    const [lon, lat] = anchorOf(feature.geometry) ?? [];
    if (lon === undefined || lat === undefined) return false;
    const [x, y] = this.at;
    return Math.abs(lon - x) < REACH_DEGREES && Math.abs(lat - y) < REACH_DEGREES;
  }

  #set(source: string, features: GeoJSON.Feature[]): void {
    void this.map.getSource<GeoJSONSource>(source)?.setData({ type: "FeatureCollection", features });
  }
}
