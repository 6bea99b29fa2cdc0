// Opens a wall: asks the server who we are and what there is, raises the stage, joins the live stream, and keeps time. Nothing here
// needs a reload: a server that is not there yet, or goes away, is asked again until it answers.
import { paintInterface } from "../look/palette";
import { Arrivals } from "./alerts/arrivals";
import { railCards, type Card } from "./alerts/rail";
import { Director } from "./director";
import { boxAround, subscribedLayers, subscriptionBox, type Box } from "./live/area";
import { browserSurroundings, Connection, type Subscription } from "./live/connection";
import { Looking } from "./looking";
import { drawable } from "./map/compose";
import { isLive, LIVE_LAYERS } from "./map/drawing";
import { Pulses } from "./map/pulses";
import { Stage } from "./map/stage";
import { Picture } from "./picture";
import { ReplayDoor } from "./replay/door";
import { askCatalog, askFeeds, askScenes, askSession, askStreams, Refused } from "./server/ask";
import { Tones } from "./sound/tones";
import type { Wall } from "./state/wall.svelte";
import { instant } from "./time/age";
import type { Address, MapPose } from "./view/address";
import { openForTests } from "./window-wall";

const ASK_AGAIN_MS = 2000;
const FEEDS_EVERY_MS = 10_000;
/** For what no message announces: sightings and what is derived from other layers. Answers are 304 where nothing changed. */
const TILES_EVERY_MS = 20_000;
const STREAMS_EVERY_MS = 300_000;
const ALARM_STAYS_MS = 30_000;
const NOT_SHOWN_AT_FIRST = ["alpr_reads", "cells"];
const WORLD: MapPose = { center: [0, 20], zoom: 2, bearing: 0, pitch: 0 };

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until there is an answer; a viewer who is not signed in is sent to do so. */
async function until<T>(asking: () => Promise<T>, wall: Wall): Promise<T> {
  for (;;) {
    try {
      const answer = await asking();
      wall.trouble = null;
      return answer;
    } catch (error) {
      if (error instanceof Refused && error.status === 401) window.location.replace("/sign-in");
      wall.trouble = error instanceof Refused ? error.message : "The server does not answer yet.";
      await sleep(ASK_AGAIN_MS);
    }
  }
}

function firstPose(wall: Wall, address: Address): MapPose {
  const scene = wall.scenes.find((one) => one.name === wall.scene);
  if (address.at !== null) return address.at;
  if (scene === undefined) return WORLD;
  return { center: scene.center, zoom: scene.zoom, bearing: scene.bearing, pitch: scene.pitch };
}

function firstLayers(wall: Wall, address: Address): Set<string> {
  const known = drawable(wall.catalog).map((layer) => layer.name);
  const scene = wall.scenes.find((one) => one.name === wall.scene);
  const asked = address.layers ?? scene?.layers;
  if (asked != null) return new Set(known.filter((name) => asked.includes(name)));
  return new Set(known.filter((name) => !NOT_SHOWN_AT_FIRST.includes(name)));
}

export class OpenWall {
  readonly director: Director;
  readonly #stage: Stage;
  readonly #picture: Picture;
  readonly #looking: Looking;
  readonly #pulses: Pulses;
  readonly #tones: Tones;
  readonly #connection: Connection;
  readonly #replay: ReplayDoor;
  readonly #arrivals = new Arrivals();
  readonly #home: Box | null;
  #ahead_ms = 0;
  #quietUntil = 0;

  constructor(
    private readonly wall: Wall,
    address: Address,
    container: HTMLElement,
  ) {
    this.#home = boxAround(wall.scenes.map((scene) => scene.center));
    this.#stage = new Stage(container, firstPose(wall, address), wall.scale, {
      onFreshSources: () => this.#freshSources(),
      onPick: (picked, at) => this.director.picked(picked, at),
      onMove: (byHand) => this.#moved(byHand),
    });
    this.#picture = new Picture(
      {
        serverNow: () => this.#serverNow(),
        timeZone: () => wall.timeZone,
        now: () => performance.now(),
        after: (ms, run) => void setTimeout(run, ms),
      },
      {
        onLists: () => this.#lists(),
        onTiles: (layers, tiles) => {
          if (this.#replay.isOpen) return;
          this.#stage.refresh(layers, tiles);
          // A cone reaches into tiles where its camera is not.
          if (layers.includes("cameras")) this.#stage.refresh(["coverage"], null);
        },
        onMoved: (layer, feature) => {
          if (!this.#replay.isOpen) this.#looking.moved(layer, feature);
        },
        onCatalogChanged: () => void this.#newCatalog(),
      },
    );
    this.#tones = new Tones((blocked) => (wall.soundBlocked = blocked));
    this.#pulses = new Pulses(this.#stage.map);
    const shown = { feature: (layer: string, id: string) => this.#replay.shown.feature(layer, id) };
    this.#looking = new Looking(wall, shown, this.#stage);
    this.director = new Director(
      wall,
      this.#stage,
      this.#looking,
      this.#tones,
      address,
      () => void this.#dress(),
    );
    this.#replay = this.director.replay = this.#hangReplay();
    this.#connection = this.#connect();
    openForTests(this.#stage.map, (layer) =>
      isLive(layer) ? this.#replay.shown.features(layer) : this.#stage.tiledFeatures(layer),
    );
  }

  async start(): Promise<void> {
    await this.#dress();
    this.#connection.start();
    this.#keepTime();
  }

  #hangReplay(): ReplayDoor {
    return new ReplayDoor(
      {
        wall: this.wall,
        stage: this.#stage,
        live: this.#picture,
        looking: this.#looking,
        subscription: () => this.#subscription(),
        serverNow: () => this.#serverNow(),
      },
      {
        onOtherTime: () => {
          this.wall.pinned = false;
          this.#looking.nothing();
        },
        onLive: () => this.#lists(),
        onAddress: () => this.director.writeAddress(),
      },
    );
  }

  #connect(): Connection {
    const { wall } = this;
    return new Connection(
      browserSurroundings(),
      {
        onMessage: (message) => {
          if (message.type === "tick") {
            const server = instant(message.server_time);
            if (server !== null) this.#ahead_ms = server - Date.now();
            wall.lastGoodAt = this.#serverNow();
          }
          if (message.type === "resync") this.#quietUntil = performance.now() + 3000;
          this.#picture.receive(message);
        },
        onLink: (state) => {
          if (wall.link === "lost" && state === "live") void this.#recovered();
          wall.link = state;
          document.documentElement.dataset["state"] = state;
        },
        onRefused: () => void this.#stillSignedIn(),
      },
      this.#subscription(),
    );
  }

  #serverNow(): number {
    return Date.now() + this.#ahead_ms;
  }

  #subscription(): Subscription {
    return {
      layers: subscribedLayers(this.wall.catalog, this.wall.shown),
      bbox: subscriptionBox(this.#home, this.#stage.bounds),
      zoom: Math.max(0, Math.floor(this.#stage.pose.zoom)),
    };
  }

  async #dress(): Promise<void> {
    paintInterface(this.wall.theme, document.documentElement);
    await this.#stage.dress(this.wall.theme, this.wall.catalog, this.wall.shown);
  }

  #freshSources(): void {
    this.#replay.attach();
    this.#looking.draw();
  }

  #moved(byHand: boolean): void {
    if (byHand) this.director.movedByHand();
    this.director.writeAddress();
    this.#connection.subscribe(this.#subscription());
  }

  async #newCatalog(): Promise<void> {
    const catalog = await until(askCatalog, this.wall);
    const before = new Set(this.wall.catalog.map((layer) => layer.name));
    const added = drawable(catalog.layers).filter((layer) => !before.has(layer.name));
    this.wall.catalog = catalog.layers;
    this.wall.shown = new Set([...this.wall.shown, ...added.map((layer) => layer.name)]);
    this.#picture.keepLayers(new Set(catalog.layers.map((layer) => layer.name)));
    await this.#dress();
    this.#connection.subscribe(this.#subscription());
  }

  /** After a break nobody is alarmed by what happened meanwhile; it is on the rail. Tiles may have been missed. */
  async #recovered(): Promise<void> {
    this.#quietUntil = performance.now() + 3000;
    if (this.#stage.troubled) await this.#dress();
    else if (!this.#replay.isOpen) this.#stage.refresh(this.#stage.tiledLayers, null);
    await this.#askFeeds();
  }

  async #stillSignedIn(): Promise<void> {
    try {
      await askSession();
    } catch (error) {
      if (error instanceof Refused && error.status === 401) window.location.replace("/sign-in");
    }
  }

  async #askFeeds(): Promise<void> {
    try {
      this.wall.feeds = (await askFeeds()).feeds;
    } catch {
      // The strip keeps the last answer; that the link is lost is said elsewhere.
    }
  }

  #lists(): void {
    const { wall } = this;
    const cards = railCards(this.#picture, wall.acknowledged);
    const quietly = wall.link !== "live" || performance.now() < this.#quietUntil;
    const news = this.#arrivals.news(cards, quietly).reverse();
    if (this.#replay.isOpen) return this.#replay.missed(news);
    wall.cards = cards;
    wall.notices = this.#picture.features("warnings");
    wall.counts = Object.fromEntries(LIVE_LAYERS.map((layer) => [layer, this.#picture.count(layer)]));
    for (const card of news) this.#arrived(card);
  }

  #arrived(card: Card): void {
    const { wall } = this;
    wall.announcement = `${card.kind}: ${card.title}. ${card.place}`;
    const [lon, lat] = card.at ?? [];
    if (lon !== undefined && lat !== undefined && wall.shown.has(card.layer)) {
      this.#pulses.start(card.key, [lon, lat], card.severity);
    }
    if (card.severity === 3) return;
    if (!wall.muted) this.#tones.play(card.severity);
    if (card.severity === 1) this.director.alarm(card, this.#serverNow() + ALARM_STAYS_MS);
  }

  #everySecond(): void {
    const { wall } = this;
    wall.now = this.#serverNow();
    this.#picture.age();
    this.director.turnScene();
    this.#connection.subscribe(this.#subscription());
    const closesAt = wall.selected?.closesAt ?? null;
    if (closesAt !== null && !wall.pinned && wall.now >= closesAt) this.director.close();
  }

  #keepTime(): void {
    const { wall } = this;
    const refreshTiles = (): void => {
      if (wall.link === "live" && !this.#replay.isOpen) this.#stage.refresh(this.#stage.tiledLayers, null);
    };
    const streams = async (): Promise<void> => {
      wall.streams = await askStreams().catch(() => wall.streams);
    };
    setInterval(() => this.#everySecond(), 1000);
    setInterval(() => (wall.sinceTick_s = (performance.now() - this.#connection.heardAt) / 1000), 200);
    setInterval(() => void this.#askFeeds(), FEEDS_EVERY_MS);
    setInterval(refreshTiles, TILES_EVERY_MS);
    setInterval(() => void streams(), STREAMS_EVERY_MS);
    window.addEventListener("online", () => this.#connection.retryNow());
    document.addEventListener("visibilitychange", () => this.#connection.retryNow());
    void streams();
    void this.#askFeeds();
  }
}

export async function openWall(wall: Wall, address: Address, container: HTMLElement): Promise<OpenWall> {
  wall.session = await until(askSession, wall);
  const [catalog, scenes] = await Promise.all([until(askCatalog, wall), until(askScenes, wall)]);
  wall.catalog = catalog.layers;
  wall.scenes = scenes;
  const known = scenes.find((scene) => scene.name === address.scene) ?? scenes[0];
  wall.scene = known?.name ?? null;
  wall.cycling = address.cycle;
  wall.shown = firstLayers(wall, address);
  const open = new OpenWall(wall, address, container);
  await open.start();
  if (address.replay !== null) void open.director.replay?.open(Date.parse(address.replay));
  return open;
}
