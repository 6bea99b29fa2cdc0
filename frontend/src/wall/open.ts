// Opens a wall: joins the live stream as soon as it is known what there is, raises the map as soon as its code and its ground are
// here, and brings the two together. Nothing here needs a reload.
import { tick } from "svelte";

import { paintInterface } from "../look/palette";
import type { Card } from "./alerts/rail";
import { Director } from "./director";
import { Focusing, type Around } from "./focus/focusing";
import { FOCUS_S } from "./focus/rules";
import type { LiveFeature } from "./live/messages";
import { Looking } from "./looking";
import { drawable } from "./map/compose";
import type { Dress, Stage } from "./map/stage";
import type { Opening } from "./opening";
import { closeLookZoom, Pointing } from "./pointing";
import { ReplayDoor } from "./replay/door";
import { followScreen } from "./screen/following";
import { askCatalog, askExtents, askGround } from "./server/ask";
import { until } from "./server/until";
import type { Ground } from "./server/shapes";
import { Showing } from "./showing";
import { Tones } from "./sound/tones";
import type { Wall } from "./state/wall.svelte";
import type { Address, MapPose } from "./view/address";
import { unknownNames } from "./view/faults";
import { boxShown, poseOver } from "./view/world";
import { Watch, type MapSide, type View } from "./watch";
import { openForTests } from "./window-wall";

/** For what no message announces: sightings and what is derived from other layers. Answers are 304 where nothing changed. */
const TILES_EVERY_MS = 20_000;
const WORLD: MapPose = { center: [0, 20], zoom: 2, bearing: 0, pitch: 0 };

async function firstPose(wall: Wall, address: Address, width: number, height: number): Promise<MapPose> {
  const scene = wall.scenes.find((one) => one.name === wall.scene);
  if (address.at !== null) return address.at;
  if (scene === undefined) return (await poseOverAll(width, height)) ?? WORLD;
  return { center: scene.center, zoom: scene.zoom, bearing: scene.bearing, pitch: scene.pitch };
}

/** A server without scenes opens where its features are. */
async function poseOverAll(width: number, height: number): Promise<MapPose | null> {
  try {
    return poseOver(await askExtents(), width, height);
  } catch {
    return null;
  }
}

function firstLayers(wall: Wall, address: Address): Set<string> {
  const layers = drawable(wall.catalog);
  const scene = wall.scenes.find((one) => one.name === wall.scene);
  const asked = address.layers ?? scene?.layers;
  const shown = layers.filter((layer) => asked?.includes(layer.name) ?? layer.wall.shown_at_first);
  return new Set(shown.map((layer) => layer.name));
}

/** What the map is made with. */
interface Made {
  code: Awaited<Opening["stage"]>;
  container: HTMLElement;
  pose: MapPose;
  ground: Ground | null;
}

/** Brings the map and the watch together. */
class OpenWall implements MapSide {
  readonly director: Director;
  readonly #stage: Stage;
  readonly #looking: Looking;
  readonly #focusing: Focusing;
  readonly #replay: ReplayDoor;
  #ground: Ground | null;

  constructor(
    private readonly wall: Wall,
    private readonly watch: Watch,
    address: Address,
    tones: Tones,
    made: Made,
  ) {
    const { code, container, pose } = made;
    this.#ground = made.ground;
    const standing = { pose, scale: wall.scale, part: address.part };
    this.#stage = new code.Stage(
      container,
      standing,
      this.#clothes(),
      {
        onFreshSources: () => this.#freshSources(),
        onPick: (picked, at) => this.director.pointing.picked(picked, at),
        onMove: (byHand) => this.#moved(byHand),
        onMoving: () => this.director.showing.moving(),
        onDrawnPart: (part) => {
          wall.drawnPart = part;
          this.#focusing.sharpen(this.#stage.pixelRatio);
        },
      },
      watch.firstLive,
    );
    const shown = { feature: (layer: string, id: string) => this.#replay.shown.feature(layer, id) };
    this.#looking = new Looking(wall, shown, this.#stage);
    const focus_s = wall.leads ? (address.focus_s ?? FOCUS_S) : 0;
    this.#focusing = new Focusing(wall, this.#focusAround(code), focus_s);
    const redress = (): void => void this.#dress();
    this.director = new Director(wall, {
      stage: this.#stage,
      showing: new Showing(wall, this.#stage, address, redress),
      pointing: new Pointing(wall, this.#stage, this.#looking),
      focusing: this.#focusing,
      tones,
    });
    this.#replay = this.director.replay = this.#hangReplay();
    openForTests({
      map: this.#stage.map,
      inset: () => this.#focusing.inset?.map ?? null,
      features: (layer) =>
        wall.liveLayers.includes(layer)
          ? this.#replay.shown.features(layer)
          : this.#stage.tiledFeatures(layer),
    });
    setInterval(() => this.#refreshTiles(), TILES_EVERY_MS);
    followScreen(() => void this.#rescale());
  }

  get view(): View {
    return { bounds: this.#stage.bounds, zoom: this.#stage.pose.zoom };
  }

  get isPast(): boolean {
    return this.#replay.isOpen;
  }

  onTiles(layers: string[], tiles: [number, number, number][] | null): void {
    if (this.isPast) return;
    this.#stage.refresh(layers, tiles);
    // A cone reaches into tiles where its camera is not.
    if (layers.includes("cameras")) this.#stage.refresh(["coverage"], null);
  }

  onMoved(layer: string, feature: LiveFeature): void {
    if (!this.isPast) this.#looking.moved(layer, feature);
  }

  onArrived(card: Card): void {
    const [lon, lat] = card.at ?? [];
    if (lon !== undefined && lat !== undefined && this.wall.shown.has(card.layer)) {
      this.#stage.pulse(card.key, [lon, lat], card.severity);
    }
    this.#focusing.arrived(card);
  }

  onMissed(cards: readonly Card[]): void {
    this.#replay.missed(cards);
  }

  onCatalogChanged(): void {
    void this.#newCatalog();
  }

  onLost(): void {
    this.#stage.linked(true);
  }

  /** Tiles may have been missed. */
  onRecovered(): void {
    this.#stage.linked(false);
    if (this.#stage.troubled) void this.#dress();
    else if (!this.isPast) this.#stage.refreshAll();
  }

  onSecond(): void {
    this.director.turnScene();
    this.#focusing.second();
  }

  #refreshTiles(): void {
    if (this.wall.link === "live" && !this.isPast) this.#stage.refresh(this.#stage.tiledLayers, null);
  }

  async #rescale(): Promise<void> {
    // The scale has to be on the page before the map can tell its own size.
    await tick();
    if (this.#stage.rescale(this.wall.scale)) void this.#dress();
  }

  async #dress(): Promise<void> {
    this.#stage.expectDress();
    const ground = await askGround(this.wall.theme).catch(() => null);
    // What is on the screen beats data on black.
    if (ground === null && this.#ground !== null) {
      this.#stage.keepDress();
      return;
    }
    this.#ground = ground;
    paintInterface(this.wall.theme, document.documentElement);
    this.#focusing.wear(this.#clothes());
    await this.#stage.wear(this.#clothes());
  }

  #clothes(): Dress {
    const { theme, catalog, shown } = this.wall;
    return { theme, ground: this.#ground, catalog, shown };
  }

  #hangReplay(): ReplayDoor {
    const { wall, watch } = this;
    return new ReplayDoor(
      {
        wall,
        stage: this.#stage,
        live: watch.picture,
        looking: this.#looking,
        subscription: () => watch.subscription(),
        serverNow: () => watch.serverNow(),
      },
      {
        onOtherTime: () => {
          wall.plateOpen = null;
          this.#looking.nothing();
          this.#focusing.close();
        },
        onLive: () => watch.list(),
        onAddress: () => this.director.showing.writeAddress(),
      },
    );
  }

  #focusAround(code: Made["code"]): Around {
    const { wall, watch } = this;
    const from = {
      features: watch.picture.features,
      serverNow: () => watch.serverNow(),
      timeZone: () => wall.timeZone,
    };
    return {
      serverNow: from.serverNow,
      isLeft: (at) => this.#stage.isInLeftHalf(at),
      inset: (container, at, layer) =>
        new code.Inset(container, at, closeLookZoom(layer), this.#stage.pixelRatio, this.#clothes(), from),
    };
  }

  #freshSources(): void {
    this.#replay.attach();
    this.#looking.draw();
  }

  #moved(byHand: boolean): void {
    if (byHand) this.director.movedByHand();
    this.director.showing.writeAddress();
    this.watch.look();
  }

  async #newCatalog(): Promise<void> {
    const { wall } = this;
    const catalog = await until(askCatalog, (why) => (wall.trouble = why));
    const before = new Set(wall.catalog.map((layer) => layer.name));
    const added = drawable(catalog.layers).filter((layer) => !before.has(layer.name));
    wall.catalog = catalog.layers;
    const shown = added.filter((layer) => layer.wall.shown_at_first);
    wall.shown = new Set([...wall.shown, ...shown.map((layer) => layer.name)]);
    this.watch.picture.keepLayers(new Set(catalog.layers.map((layer) => layer.name)));
    await this.#dress();
    this.watch.look();
  }
}

export async function openWall(
  wall: Wall,
  address: Address,
  container: HTMLElement,
  opening: Opening,
): Promise<Director> {
  [wall.session, wall.catalog, wall.scenes] = await Promise.all([
    opening.session,
    opening.catalog,
    opening.scenes,
  ]);
  const names = (some: readonly { name: string }[]): string[] => some.map(({ name }) => name);
  wall.faults = [...wall.faults, ...unknownNames(address, names(wall.scenes), names(wall.catalog))];
  wall.scene = (wall.scenes.find((scene) => scene.name === address.scene) ?? wall.scenes[0])?.name ?? null;
  wall.cycling = address.cycle;
  wall.shown = firstLayers(wall, address);
  const [width, height] = [container.clientWidth, container.clientHeight];
  const pose = await firstPose(wall, address, width, height);
  const tones = new Tones(
    (blocked) => (wall.soundBlocked = blocked),
    () => wall.replay === null,
  );
  tones.want(wall.sound.on);
  const watch = new Watch(wall, tones, { bounds: boxShown(pose, width, height), zoom: pose.zoom });
  watch.start();

  const [code, ground] = await Promise.all([opening.stage, opening.ground, opening.fonts]);
  const open = new OpenWall(wall, watch, address, tones, { code, container, pose, ground });
  watch.takeOver(open);
  if (address.part !== null)
    open.director.showing.share(new BroadcastChannel(`atalaya-view ${wall.name ?? ""}`));
  if (address.replay !== null && address.part === null)
    void open.director.replay?.open(Date.parse(address.replay));
  return open.director;
}
