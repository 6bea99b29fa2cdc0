// The live picture of this wall: what arrives goes into the holdings, from there to the map sources and, at most twice a second, to
// whoever draws the lists.
import { joined } from "./blockages";
import { Holdings, type Change } from "./live/holdings";
import { CAMERAS } from "./live/area";
import type { Alert, LiveFeature, LiveMessage } from "./live/messages";
import { LiveSource, type Circumstances } from "./map/live-source";
import type { Stage } from "./map/stage";

const BLOCKAGES = "blockages";
const MOST_ALERTS = 200;
const LISTS_EVERY_MS = 500;

export interface PictureEvents {
  onLists(): void;
  onTiles(layers: string[], tiles: [number, number, number][] | null): void;
  onMoved(layer: string, feature: LiveFeature): void;
  onCatalogChanged(): void;
}

export class Picture {
  readonly #holdings = new Holdings();
  readonly #sources = new Map<string, LiveSource>();
  readonly #alerts = new Map<string, Alert>();
  #catalogVersion: string | null = null;
  #listsPlanned = false;

  /** `live`: the layers that are drawn from here, by the catalog of the moment. */
  constructor(
    private readonly live: () => readonly string[],
    private readonly around: Circumstances,
    private readonly events: PictureEvents,
  ) {}

  receive(message: LiveMessage): void {
    switch (message.type) {
      case "hello":
        this.#greet(message.catalog_version, message.cells);
        break;
      case "snapshot":
      case "delta":
        if (this.#isHeld(message.layer)) this.#take(this.#holdings.apply(message));
        break;
      case "tiles":
        this.events.onTiles(message.layers, message.tiles);
        break;
      case "alert":
        this.#alert(message.alert);
        break;
      case "error":
        console.warn(message.detail);
        break;
      case "resync":
      case "tick":
        break;
    }
  }

  /** As they are listed and drawn: blocked streets know of each other. */
  features = (layer: string): LiveFeature[] => {
    const held = this.#holdings.features(layer);
    return layer === BLOCKAGES ? joined(held) : held;
  };
  feature = (layer: string, id: string): LiveFeature | undefined => this.#holdings.feature(layer, id);
  count = (layer: string): number => this.#holdings.count(layer);
  cameraName = (id: string): string | null => {
    const name = this.feature(CAMERAS, id)?.properties["name"];
    return typeof name === "string" && name !== "" ? name : null;
  };
  get alerts(): Alert[] {
    return [...this.#alerts.values()];
  }

  /** The map has new, empty sources. */
  attach(stage: Stage): void {
    const live = this.live();
    for (const [layer, source] of this.#sources) {
      if (live.includes(layer)) continue;
      source.detach();
      this.#sources.delete(layer);
    }
    for (const layer of live) {
      const source = this.#sources.get(layer) ?? new LiveSource(layer, this.around);
      this.#sources.set(layer, source);
      source.attach(stage.source(layer), this.features(layer));
    }
  }

  /** The map shows something else for a while. */
  detach(): void {
    for (const source of this.#sources.values()) source.detach();
  }

  /** Time has passed: what has aged is drawn so. */
  age(): void {
    for (const [layer, source] of this.#sources) source.age(this.features(layer));
  }

  keepLayers(names: ReadonlySet<string>): void {
    for (const change of this.#holdings.keepLayers(names)) this.#take(change);
  }

  #isHeld(layer: string): boolean {
    return layer === CAMERAS || this.live().includes(layer);
  }

  #greet(catalogVersion: string, cells: string[]): void {
    for (const change of this.#holdings.keepOnly(new Set(cells))) this.#take(change);
    if (this.#catalogVersion !== null && this.#catalogVersion !== catalogVersion)
      this.events.onCatalogChanged();
    this.#catalogVersion = catalogVersion;
  }

  #take(change: Change): void {
    if (change.removed.length + change.placed.length === 0) return;
    // What changes of one blocked street changes what the others of its junction say.
    const all = change.layer === BLOCKAGES ? { ...change, placed: this.features(BLOCKAGES) } : change;
    this.#sources.get(change.layer)?.take(all);
    for (const feature of change.placed) this.events.onMoved(change.layer, feature);
    this.#planLists();
  }

  #alert(alert: Alert): void {
    this.#alerts.set(alert.id, alert);
    const oldest = this.#alerts.keys().next().value;
    if (this.#alerts.size > MOST_ALERTS && oldest !== undefined) this.#alerts.delete(oldest);
    this.#planLists();
  }

  #planLists(): void {
    if (this.#listsPlanned) return;
    this.#listsPlanned = true;
    this.around.after(LISTS_EVERY_MS, () => {
      this.#listsPlanned = false;
      this.events.onLists();
    });
  }
}
