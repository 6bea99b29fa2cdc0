// Carries out what keys, clicks and the clock ask for. Every way to operate the wall ends here, so that none can do what another
// cannot.
import { createContext } from "svelte";

import type { Card } from "./alerts/rail";
import type { Focusing } from "./focus/focusing";
import type { Command } from "./keys/bindings";
import type { Looking, Wanted } from "./looking";
import type { Picked, Stage } from "./map/stage";
import type { ReplayDoor } from "./replay/door";
import { secondText } from "./replay/ask";
import type { Found, Scene } from "./server/shapes";
import { keepSound } from "./sound/keeping";
import type { SoundSettings } from "./sound/settings";
import type { Tones } from "./sound/tones";
import type { Panel, Wall } from "./state/wall.svelte";
import { writeQuery, type Address, type MapPose } from "./view/address";
import { sceneDue, SharedView, type ViewState } from "./view/shared-view";
import { anchorOf } from "./map/anchor";

/** How near to look: at a blocked junction its legs must be seen. */
export const closeLookZoom = (layer: string | null): number => (layer === "blockages" ? 16.2 : 15);
/** Width that the details cover, in px of the map. */
const DETAILS_PX = 500;
/** Width that the inset covers on the other side, with the tools. */
const INSET_PX = 524;

const dwell_s = (scene: Scene | undefined): number => Math.max(3, scene?.dwell_s ?? 20);

export class Director {
  /** Set by whoever opens the wall. */
  replay: ReplayDoor | null = null;
  /** Set where somebody moved the map or chose layers by hand; goes into the address. */
  #movedByHand = false;
  #layersByHand = false;
  #styleByHand: boolean;
  #before: MapPose | null = null;
  #stepped: string | null = null;
  #sceneSince = performance.now();
  #shared: SharedView | null = null;

  constructor(
    private readonly wall: Wall,
    private readonly stage: Stage,
    private readonly looking: Looking,
    private readonly focusing: Focusing,
    private readonly tones: Tones,
    private readonly address: Address,
    private readonly redress: () => void,
  ) {
    this.#styleByHand = address.style !== null;
    this.#layersByHand = address.layers !== null;
    this.#movedByHand = address.at !== null;
  }

  run(command: Command): void {
    switch (command.do) {
      case "scene":
        return this.openScene(this.wall.scenes[command.index]);
      case "pan":
        this.wall.reticle = true;
        this.#movedByHand = true;
        return this.stage.pan(command.x, command.y);
      case "zoom":
        this.#movedByHand = true;
        return this.stage.zoom(command.by);
      case "alert":
        return this.stepAlert(command.step);
      case "feature":
        return this.stepFeature(command.step);
      case "details":
        return this.details();
      case "acknowledge":
        return this.acknowledge(this.wall.currentCard ?? this.wall.selected?.key ?? null);
      case "pin":
        return this.pin();
      case "plate":
        return this.openPlate();
      case "mute":
        return this.mute();
      case "theme":
        return this.changeTheme();
      case "cycle":
        return this.cycle();
      case "fullscreen":
        return void this.fullscreen();
      case "replay":
        // The displays of one view have no replay in common, and none of them may show another time than its neighbour.
        return this.address.part === null ? this.replay?.toggle() : undefined;
      case "back":
        return this.back();
      case "layers":
      case "find":
      case "help":
      case "sound":
        return this.open(command.do);
    }
  }

  open(panel: Panel): void {
    this.wall.panel = this.wall.panel === panel ? "none" : panel;
  }

  openScene(scene: Scene | undefined): void {
    if (scene === undefined) return;
    this.wall.scene = scene.name;
    this.#sceneSince = performance.now();
    this.#before = null;
    this.wall.reticle = false;
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

  /** Called once a second: the next scene when this one's time is over, unless somebody is looking at something. */
  turnScene(): void {
    const { scenes, cycling, selected, focus, panel, replay } = this.wall;
    const busy = replay !== null || selected !== null || focus !== null || panel !== "none";
    if (!cycling || busy || scenes.length < 2) return;
    const at = scenes.findIndex((scene) => scene.name === this.wall.scene);
    if (this.address.part !== null) {
      const due = sceneDue(scenes.map(dwell_s), this.wall.now);
      return due === at ? undefined : this.openScene(scenes[due]);
    }
    const dwell = dwell_s(scenes[at]) * 1000;
    if (performance.now() - this.#sceneSince >= dwell) this.openScene(scenes[(at + 1) % scenes.length]);
  }

  toggleLayer(name: string): void {
    const shown = new Set(this.wall.shown);
    if (!shown.delete(name)) shown.add(name);
    this.#layersByHand = true;
    this.#show(shown);
    this.writeAddress();
  }

  stepAlert(step: 1 | -1): void {
    const { cards, currentCard } = this.wall;
    if (cards.length === 0) return;
    const at = cards.findIndex((card) => card.key === currentCard);
    const next = at < 0 ? (step === 1 ? 0 : cards.length - 1) : (at + step + cards.length) % cards.length;
    this.wall.currentCard = cards[next]?.key ?? null;
    if (this.wall.selected !== null) this.openCard(cards[next]);
  }

  /** Goes through what is on the map, nearest to the middle first. */
  stepFeature(step: 1 | -1): void {
    const inView = this.stage.inView();
    if (inView.length === 0) return;
    const at = inView.findIndex((picked) => `${picked.layer}/${picked.id}` === this.#stepped);
    const next = inView[at < 0 ? 0 : (at + step + inView.length) % inView.length];
    if (next === undefined) return;
    this.#stepped = `${next.layer}/${next.id}`;
    this.look({ layer: next.layer, id: next.id, at: next.at }, false);
  }

  details(): void {
    const card = this.wall.cards.find((one) => one.key === this.wall.currentCard);
    if (card !== undefined && !this.wall.reticle) return this.openCard(card);
    this.picked(this.stage.pickMiddle(), this.stage.middlePlace);
  }

  openCard(card: Card | undefined): void {
    if (card === undefined) return;
    this.wall.currentCard = card.key;
    const [lon, lat] = card.at ?? [];
    this.look(
      { layer: card.layer, id: card.id, at: lon === undefined || lat === undefined ? null : [lon, lat] },
      true,
    );
  }

  openFound(found: Found): void {
    const layer = found.properties["layer"];
    const known = typeof layer === "string" && found.id !== undefined;
    this.wall.panel = "none";
    // In a replay it is looked for where it was then, not where the search saw it.
    const then = known ? this.looking.place(layer, String(found.id)) : null;
    const [lon, lat] = (this.wall.replay === null ? null : then) ?? anchorOf(found.geometry) ?? [];
    this.look(
      {
        layer: known ? layer : null,
        id: known ? String(found.id) : null,
        at: lon === undefined || lat === undefined ? null : [lon, lat],
      },
      true,
    );
  }

  /** Whether what is shown, of now or of another time, has this feature. */
  holds(layer: string, id: string): boolean {
    return this.looking.has(layer, id);
  }

  picked(picked: Picked | null, at: [number, number]): void {
    if (picked === null) this.look({ layer: null, id: null, at }, false);
    else this.look({ layer: picked.layer, id: picked.id, at: picked.at }, false);
  }

  look(wanted: Wanted, comeNear: boolean): void {
    this.wall.plateOpen = null;
    this.looking.at(wanted);
    const at = this.wall.selected?.at ?? null;
    this.#standAside(comeNear ? null : at);
    if (at === null || !comeNear) return;
    this.#before ??= this.stage.pose;
    const zoom = Math.max(this.stage.pose.zoom, closeLookZoom(wanted.layer));
    const covered = DETAILS_PX - (this.wall.focus === null ? 0 : INSET_PX);
    this.stage.go({ center: at, zoom }, [covered / 2, 0]);
  }

  acknowledge(key: string | null): void {
    if (key === null || !this.wall.cards.some((card) => card.key === key)) return;
    const acknowledged = new Set(this.wall.acknowledged);
    if (!acknowledged.delete(key)) acknowledged.add(key);
    this.wall.acknowledged = acknowledged;
  }

  pin(): void {
    this.focusing.pin();
  }

  /** In full until something else is looked at, and only for those who may know it; others never got it. */
  openPlate(): void {
    const { selected, plateOpen, mayOpenPlates } = this.wall;
    if (selected === null || !mayOpenPlates) return;
    this.wall.plateOpen = plateOpen === selected.key ? null : selected.key;
  }

  hangInset(container: HTMLElement): () => void {
    return this.focusing.hang(container);
  }

  leaveFocus(): void {
    this.focusing.close();
  }

  openFocus(): void {
    this.openCard(this.wall.focus?.card);
    this.focusing.close();
  }

  mute(): void {
    this.setSound({ ...this.wall.sound, on: !this.wall.sound.on });
  }

  setSound(sound: SoundSettings): void {
    this.wall.sound = sound;
    this.tones.want(sound.on);
    keepSound(sound);
  }

  /** Only from a click or a key: a browser lets no page sound otherwise. */
  hearTone(severity: 1 | 2): void {
    this.tones.sample(severity, this.wall.sound.volume);
  }

  changeTheme(): void {
    this.wall.theme = this.wall.theme === "night" ? "day" : "night";
    this.#styleByHand = true;
    this.redress();
    this.writeAddress();
  }

  async fullscreen(): Promise<void> {
    try {
      if (document.fullscreenElement === null) await document.documentElement.requestFullscreen();
      else await document.exitFullscreen();
    } catch {
      // The browser's policy decides; the wall works without.
    }
  }

  back(): void {
    const { wall } = this;
    // One key, whatever else is open: what is shown must never be taken for the present.
    if (wall.replay !== null) this.replay?.leave();
    else if (wall.panel !== "none") wall.panel = "none";
    else if (wall.selected !== null) this.close();
    // What came by itself goes after what somebody opened: no alarm is dismissed by one who meant something else.
    else if (wall.focus !== null) this.leaveFocus();
    else {
      wall.currentCard = null;
      wall.reticle = false;
    }
  }

  close(): void {
    this.wall.plateOpen = null;
    this.looking.nothing();
    if (this.#before !== null) this.stage.go(this.#before);
    this.#before = null;
  }

  movedByHand(): void {
    this.#movedByHand = true;
    this.#before = null;
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

  #standAside(at: [number, number] | null): void {
    this.wall.detailsOnRight = at !== null && this.stage.isLeftOf(at, DETAILS_PX + 60);
  }

  #show(layers: ReadonlySet<string>): void {
    const known = new Set(this.wall.catalog.map((layer) => layer.name));
    this.wall.shown = new Set([...layers].filter((name) => known.has(name)));
    this.stage.show(this.wall.shown);
  }
}

export const [directorHere, seatDirector] = createContext<{ readonly it: Director | null }>();
