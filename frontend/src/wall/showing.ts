// The view that this wall shows: scenes and their turns, layers, style, and the address and the other displays that say the same.
import { secondText } from "./replay/ask";
import type { Scene } from "./server/shapes";
import type { Stage } from "./map/stage";
import type { Wall } from "./state/wall.svelte";
import { writeQuery, type Address } from "./view/address";
import { sceneDue, SharedView, type ViewState } from "./view/shared-view";

const dwell_s = (scene: Scene | undefined): number => Math.max(3, scene?.dwell_s ?? 20);

export class Showing {
  /** Set where somebody moved the map or chose layers or a style by hand; goes into the address. */
  #movedByHand: boolean;
  #layersByHand: boolean;
  #styleByHand: boolean;
  #sceneSince = performance.now();
  #shared: SharedView | null = null;

  constructor(
    private readonly wall: Wall,
    private readonly stage: Stage,
    private readonly address: Address,
    private readonly redress: () => void,
  ) {
    this.#styleByHand = address.style !== null;
    this.#layersByHand = address.layers !== null;
    this.#movedByHand = address.at !== null;
  }

  openScene(scene: Scene): void {
    this.wall.scene = scene.name;
    this.#sceneSince = performance.now();
    this.#movedByHand = false;
    if (scene.layers !== null) {
      this.#layersByHand = false;
      this.#show(new Set(scene.layers));
    }
    this.stage.go({ center: scene.center, zoom: scene.zoom, bearing: scene.bearing, pitch: scene.pitch });
    this.writeAddress();
  }

  cycle(): void {
    this.wall.cycling = !this.wall.cycling;
    this.#sceneSince = performance.now();
    this.writeAddress();
  }

  /** The next scene when this one's time is over, unless somebody is looking at something. */
  get sceneDue(): Scene | undefined {
    const { scenes, cycling, selected, focus, panel, replay } = this.wall;
    const busy = replay !== null || selected !== null || focus !== null || panel !== "none";
    if (!cycling || busy || scenes.length < 2) return undefined;
    const at = scenes.findIndex((scene) => scene.name === this.wall.scene);
    if (this.address.part !== null) {
      const due = sceneDue(scenes.map(dwell_s), this.wall.now);
      return due === at ? undefined : scenes[due];
    }
    const dwell = dwell_s(scenes[at]) * 1000;
    return performance.now() - this.#sceneSince >= dwell ? scenes[(at + 1) % scenes.length] : undefined;
  }

  toggleLayer(name: string): void {
    const shown = new Set(this.wall.shown);
    if (!shown.delete(name)) shown.add(name);
    this.#layersByHand = true;
    this.#show(shown);
    this.writeAddress();
  }

  changeTheme(): void {
    this.wall.theme = this.wall.theme === "night" ? "day" : "night";
    this.#styleByHand = true;
    this.redress();
    this.writeAddress();
  }

  movedByHand(): void {
    this.#movedByHand = true;
  }

  writeAddress(): void {
    const { wall } = this;
    const query = writeQuery({
      scene: wall.scene,
      layers: this.#layersByHand ? [...wall.shown] : null,
      style: this.#styleByHand ? wall.theme : null,
      scale: this.address.scale,
      cycle: wall.cycling,
      focus_s: this.address.focus_s,
      sound: this.address.sound,
      part: this.address.part,
      at: this.#movedByHand ? this.stage.pose : null,
      replay: wall.replay === null ? null : secondText(wall.replay.at),
    });
    history.replaceState(null, "", `${window.location.pathname}${query}`);
    this.#shared?.tell();
  }

  /** Shares the view from now on with the other displays of this wall. */
  share(channel: BroadcastChannel): void {
    const mine = (): ViewState => ({
      pose: this.stage.pose,
      scene: this.wall.scene,
      layers: [...this.wall.shown],
      theme: this.wall.theme,
      movedByHand: this.#movedByHand,
      layersByHand: this.#layersByHand,
    });
    this.#shared = new SharedView(channel, mine, (view) => this.#follow(view));
  }

  moving(): void {
    this.#shared?.tell();
  }

  #follow(view: ViewState): void {
    const { wall } = this;
    [this.#movedByHand, this.#layersByHand] = [view.movedByHand, view.layersByHand];
    wall.scene = view.scene;
    this.#show(new Set(view.layers));
    if (view.theme !== wall.theme) this.changeTheme();
    this.stage.follow(view.pose);
    this.writeAddress();
  }

  #show(layers: ReadonlySet<string>): void {
    const known = new Set(this.wall.catalog.map((layer) => layer.name));
    this.wall.shown = new Set([...layers].filter((name) => known.has(name)));
    this.stage.show(this.wall.shown);
  }
}
