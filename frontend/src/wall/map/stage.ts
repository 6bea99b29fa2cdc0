// The map itself: the only module that talks to MapLibre. It shows what it is told, says what was clicked, and knows no network but
// its tiles. The stage is drawn at the wall's scale by a CSS transform, so that a scene shows the same ground on any screen.
import { Map as MapLibreMap, type GeoJSONSource, type VectorTileSource } from "maplibre-gl";

import type { CatalogLayer, Ground } from "../server/shapes";
import type { MapPose, Theme } from "../view/address";
import { awayFromMiddle, type Part } from "../view/part";
import { shifted } from "../view/world";
import { compose, type Composed } from "./compose";
import { drawnSource } from "./drawn-source";
import { makeFirstPicture } from "./first-picture";
import { firstStyle } from "./first-style";
import type { DiffTarget } from "./live-source";
import "./maplibre";
import { Pulses } from "./pulses";
import { Sharpness } from "./sharpness";
import { densityOf, sharpSymbols } from "./sharp-symbols";
import { sourceOf } from "./drawing";
import { HELD } from "./tile-memory";
import { drawingOf } from "./overlay/legend";
import { SELECTION_SOURCE } from "./overlay/selection";

export { Inset } from "./inset";

/** What the map is made of: the ground, the layers on it, and which of them are shown. */
export interface Dress {
  theme: Theme;
  /** Null where the server could not give it: then the data is drawn on bare ground. */
  ground: Ground | null;
  catalog: readonly CatalogLayer[];
  shown: ReadonlySet<string>;
}

export interface Picked {
  layer: string;
  id: string;
  at: [number, number];
  properties: Record<string, unknown>;
}

/** Where the map stands: the view, how large it is drawn, and which part of the view is this display's. */
export interface Standing {
  pose: MapPose;
  scale: number;
  part: Part | null;
}

export interface StageEvents {
  /** The sources are new and empty. */
  onFreshSources(): void;
  onPick(picked: Picked | null, at: [number, number]): void;
  onMove(byHand: boolean): void;
  /** On the way too, not only at the end of a movement. */
  onMoving(): void;
  /** The map is drawn in this part of its full resolution, for the display bears no more; 1 where it does. */
  onDrawnPart(part: number): void;
}

const REACH_PX = 10;
const RETICLE_REACH_PX = 60;

const still = (): boolean => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Stage {
  readonly map: MapLibreMap;
  #owned = new Map<string, string[]>();
  #catalog: readonly CatalogLayer[] = [];
  #shown: ReadonlySet<string> = new Set();
  #troubled = false;
  /** Dresses that are on their way. */
  #expected = 0;
  #isLinkLost = false;
  /** Of the symbols it wears. */
  #density = 1;
  /** Layers of the style that wait until the first picture is shown. */
  #later: readonly string[] = [];
  readonly #pulses: Pulses;
  readonly #sharpness: Sharpness;
  /** How far the middle of this map lies from the middle of the view it shows a part of. */
  #away: [number, number];

  /** The fonts must be there: labels are drawn once. The first picture is shown with what `live` waits for, or without it if that is late. */
  constructor(
    container: HTMLElement,
    private readonly standing: Standing,
    dress: Dress,
    private readonly events: StageEvents,
    live: Promise<unknown>,
  ) {
    const { style, later } = firstStyle(this.#compose(dress).style);
    this.#later = later;
    const { pose, part } = standing;
    const pixelRatio = this.#fullRatio;
    this.#away = this.#awayNow(container);
    this.map = new MapLibreMap({
      container,
      style,
      ...(part === null ? pose : { ...shifted(pose, this.#away), pitch: 0 }),
      attributionControl: { compact: false, customAttribution: [] },
      keyboard: false,
      fadeDuration: 0,
      maxPitch: part === null ? 60 : 0,
      pixelRatio,
      trackResize: false,
      transformRequest: (url, type) => this.#request(url, type),
      locale: { "Map.Title": "Map" },
    });
    this.#pulses = new Pulses(this.map);
    this.#sharpness = new Sharpness(this.map, pixelRatio, (part) => {
      document.documentElement.dataset["drawn"] = `${String(Math.round(part * 100))} %`;
      events.onDrawnPart(part);
    });
    this.map.once("style.load", () => {
      const shown = (): void => {
        this.#showRest();
        this.#sharpness.shown();
      };
      makeFirstPicture(this.map, pixelRatio, live, shown, () => this.#sharpness.whole());
      events.onFreshSources();
    });
    this.#listen();
  }

  #listen(): void {
    const { map, events } = this;
    map.on("click", (event) => events.onPick(this.pick(event.point, REACH_PX), event.lngLat.toArray()));
    map.on("movestart", () => (document.documentElement.dataset["map"] = "moving"));
    map.on("moveend", (event) => {
      events.onMove("originalEvent" in event && event.originalEvent !== undefined);
    });
    map.on("move", () => events.onMoving());
    map.on("resize", () => this.#stayInPart());
    map.on("idle", () => {
      if (this.#expected === 0) document.documentElement.dataset["map"] = "idle";
    });
    map.on("error", ({ error }) => {
      this.#troubled = true;
      console.warn(error.message);
    });
    const canvas = map.getCanvas();
    map.on("mousemove", ({ point }) => {
      canvas.style.cursor = this.pick(point, REACH_PX) === null ? "" : "pointer";
    });
  }

  /** Another dress is on its way: the map is not said to be idle before it is worn and drawn. */
  expectDress(): void {
    this.#expected += 1;
    document.documentElement.dataset["map"] = "dressing";
  }

  /** Takes the dress that was expected, and announces the new sources when they are there. */
  async wear(dress: Dress): Promise<void> {
    const { style } = this.#compose(dress);
    await new Promise<void>((resolve) => {
      this.map.once("style.load", () => resolve());
      this.map.setStyle(style, { diff: false });
    });
    this.#expected -= 1;
    this.show(this.#shown);
    this.events.onFreshSources();
  }

  /** The dress that was expected cannot be had: this one stays until the link is back. */
  keepDress(): void {
    this.#expected -= 1;
    this.#troubled = true;
    this.map.triggerRepaint();
  }

  #compose({ theme, ground, catalog, shown }: Dress): Composed {
    this.#catalog = catalog;
    this.#shown = shown;
    this.#troubled = ground === null;
    const composed = compose(ground, theme, catalog, shown, window.location.origin);
    this.#owned = composed.owned;
    this.#density = densityOf(this.#fullRatio);
    return composed;
  }

  /** Pixels of the display for one of the style. */
  get #fullRatio(): number {
    return window.devicePixelRatio * this.standing.scale;
  }

  #request(url: string, type?: string): { url: string } {
    if (type === "Tile") return { url: this.#isLinkLost ? `${url}${HELD}` : url };
    return sharpSymbols(this.#fullRatio)(url, type);
  }

  /** While the link is lost, tiles are shown as they were: none is waited for that has been here. */
  linked(isLost: boolean): void {
    this.#isLinkLost = isLost;
  }

  /**
   * To be called when the screen may be another one, once its scale is on the page. Gives back whether the map needs a new dress, for
   * its symbols are too coarse.
   */
  rescale(scale: number): boolean {
    this.standing.scale = scale;
    this.#sharpness.rescale(this.#fullRatio);
    this.#stayInPart();
    return densityOf(this.#fullRatio) > this.#density;
  }

  /** Whether something of the map could not be fetched since it was last dressed. */
  get troubled(): boolean {
    return this.#troubled;
  }

  show(layers: ReadonlySet<string>): void {
    this.#shown = layers;
    for (const [layer, ids] of this.#owned) {
      const visibility = layers.has(layer) ? "visible" : "none";
      for (const id of ids) {
        if (this.map.getLayer(id) && !this.#later.includes(id))
          this.map.setLayoutProperty(id, "visibility", visibility);
      }
    }
  }

  #showRest(): void {
    const later = this.#later;
    this.#later = [];
    for (const id of later)
      if (this.map.getLayer(id)) this.map.setLayoutProperty(id, "visibility", "visible");
    // What was switched off meanwhile stays off.
    this.show(this.#shown);
  }

  /** What alarms anew is pointed out for a few seconds. */
  pulse(key: string, at: [number, number], severity: 1 | 2 | 3): void {
    this.#pulses.start(key, at, severity);
  }

  source(layer: string): DiffTarget | null {
    return drawnSource(this.map, sourceOf(layer));
  }

  /** Of the whole view, of which this map may be a part. */
  get pose(): MapPose {
    const center = this.map.getCenter();
    const own: MapPose = {
      center: [center.lng, center.lat],
      zoom: this.map.getZoom(),
      bearing: this.map.getBearing(),
      pitch: this.map.getPitch(),
    };
    const [right, down] = this.#away;
    return this.standing.part === null ? own : shifted(own, [-right, -down]);
  }

  #awayNow(container: HTMLElement): [number, number] {
    const { part, scale } = this.standing;
    if (part === null) return [0, 0];
    const { clientWidth, clientHeight } = container;
    const [right, down] = awayFromMiddle(part, clientWidth * scale, clientHeight * scale);
    return [right / scale, down / scale];
  }

  /** The pose of this map for a pose of the view. */
  #own(pose: Partial<MapPose>): Partial<MapPose> {
    if (this.standing.part === null) return pose;
    return { ...shifted({ ...this.pose, ...pose }, this.#away), pitch: 0 };
  }

  #stayInPart(): void {
    if (this.standing.part === null) return;
    const view = this.pose;
    const away = this.#awayNow(this.map.getContainer());
    if (away[0] === this.#away[0] && away[1] === this.#away[1]) return;
    this.#away = away;
    this.map.jumpTo(this.#own(view));
  }

  /** Pixels drawn for one of the style, as far as this display bears them. */
  get pixelRatio(): number {
    return this.#sharpness.ratio;
  }

  get bounds(): [number, number, number, number] {
    const bounds = this.map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  }

  go(pose: Partial<MapPose>, offset: [number, number] = [0, 0], duration = 900): void {
    const own = this.#own(pose);
    if (still()) this.map.jumpTo(own);
    else this.map.easeTo({ ...own, offset, duration, essential: false });
  }

  /** Is there at once: another display of the same view leads the way. */
  follow(pose: MapPose): void {
    this.map.jumpTo(this.#own(pose));
  }

  pan(x: number, y: number): void {
    this.map.panBy([x * 160, y * 160], { duration: still() ? 0 : 220 });
  }

  zoom(by: number): void {
    this.go({ zoom: this.map.getZoom() + by }, [0, 0], 220);
  }

  isInLeftHalf(at: [number, number]): boolean {
    return this.isLeftOf(at, this.middle.x);
  }

  /** Whether a place is within the first pixels of the map's left edge, where a panel would cover it. */
  isLeftOf(at: [number, number], width: number): boolean {
    return this.map.project(at).x < width;
  }

  /** The topmost feature of a catalog layer near a point of the screen. */
  pick(point: { x: number; y: number }, reach: number): Picked | null {
    return this.#around(point, reach)[0] ?? null;
  }

  get middle(): { x: number; y: number } {
    const canvas = this.map.getCanvas();
    return { x: canvas.clientWidth / 2, y: canvas.clientHeight / 2 };
  }

  get middlePlace(): [number, number] {
    return this.map.unproject([this.middle.x, this.middle.y]).toArray();
  }

  pickMiddle(): Picked | null {
    return this.pick(this.middle, RETICLE_REACH_PX);
  }

  /** All features on the screen that a symbol stands for, nearest to the middle first. */
  inView(): Picked[] {
    return this.#around(this.middle, 1e5);
  }

  #around(point: { x: number; y: number }, reach: number): Picked[] {
    const layers = this.#pickable();
    if (layers.length === 0) return [];
    const found = this.map.queryRenderedFeatures(
      [
        [point.x - reach, point.y - reach],
        [point.x + reach, point.y + reach],
      ],
      { layers },
    );
    const seen = new Map<string, Picked & { rank: number; away: number }>();
    for (const feature of found) {
      const id: unknown = feature.properties["id"] ?? feature.id;
      const layer = feature.source.replace("data-", "");
      if (typeof id !== "string" && typeof id !== "number") continue;
      if (seen.has(`${layer}/${id}`) || feature.geometry.type !== "Point") continue;
      const [lon = 0, lat = 0] = feature.geometry.coordinates;
      const shown = this.map.project([lon, lat]);
      seen.set(`${layer}/${id}`, {
        layer,
        id: String(id),
        at: [lon, lat],
        properties: feature.properties,
        rank: drawingOf(layer).rank,
        away: Math.hypot(shown.x - point.x, shown.y - point.y),
      });
    }
    const near = reach < 1000;
    return [...seen.values()].sort((a, b) => (near ? b.rank - a.rank : 0) || a.away - b.away);
  }

  #pickable(): string[] {
    const ids: string[] = [];
    for (const [layer, owned] of this.#owned) {
      if (!this.#shown.has(layer)) continue;
      for (const id of owned) {
        const type = this.map.getLayer(id)?.type;
        if ((type === "symbol" && !id.endsWith("-count")) || type === "circle") ids.push(id);
      }
    }
    return ids;
  }

  /** What the loaded tiles of a layer hold. */
  tiledFeatures(layer: string): unknown[] {
    return this.map.querySourceFeatures(sourceOf(layer), { sourceLayer: layer });
  }

  select(features: GeoJSON.Feature[]): void {
    const source = this.map.getSource<GeoJSONSource>(SELECTION_SOURCE);
    void source?.setData({ type: "FeatureCollection", features });
  }

  /** Fetches every tile again, of the ground too. */
  refreshAll(): void {
    for (const [name, source] of Object.entries(this.map.getStyle().sources))
      if (source.type === "vector") this.map.refreshTiles(name);
  }

  /** Fetches tiles again; the server answers 304 where nothing changed. `null` means all. */
  refresh(layers: readonly string[], tiles: readonly [number, number, number][] | null): void {
    for (const layer of layers) {
      const source = this.map.getSource(sourceOf(layer));
      if (source?.type !== "vector") continue;
      const deepest = source.maxzoom;
      const ids = tiles?.map(([z, x, y]) => {
        const up = Math.max(0, z - deepest);
        return { z: z - up, x: x >> up, y: y >> up };
      });
      this.map.refreshTiles(sourceOf(layer), ids);
    }
  }

  /** Shows the tiles of some layers as of an instant, or as they are now. */
  travel(layers: readonly string[], at: string | null): void {
    for (const layer of layers) {
      const source = this.map.getSource<VectorTileSource>(sourceOf(layer));
      if (source?.type !== "vector") continue;
      const query = at === null ? "" : `?at=${encodeURIComponent(at)}`;
      const path = `/tiles/${encodeURIComponent(layer)}/{z}/{x}/{y}${query}`;
      source.setTiles([`${window.location.origin}${path}`]);
    }
  }

  get tiledLayers(): string[] {
    return this.#catalog
      .map((layer) => layer.name)
      .filter((name) => this.map.getSource(sourceOf(name))?.type === "vector");
  }
}
