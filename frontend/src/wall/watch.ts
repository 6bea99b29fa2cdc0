// Keeps watch, with or without a map: joins the live stream, keeps the picture and its lists, hears who is new, and keeps time. The
// stream is joined before there is a map; whoever draws one takes the watch over as its `MapSide`.
import { Arrivals } from "./alerts/arrivals";
import { Beginnings } from "./alerts/beginnings";
import { railCards, type Card } from "./alerts/rail";
import { boxAround, subscribedLayers, subscriptionBox, tileLayers, type Box } from "./live/area";
import { browserSurroundings, Connection, type LinkState, type Subscription } from "./live/connection";
import type { LiveFeature, LiveMessage } from "./live/messages";
import { Picture } from "./picture";
import { askFeeds, askSession, askStreams, Refused } from "./server/ask";
import type { Tones } from "./sound/tones";
import type { Wall } from "./state/wall.svelte";
import { instant } from "./time/age";

const FEEDS_EVERY_MS = 10_000;
const STREAMS_EVERY_MS = 300_000;
/** After a break nobody is alarmed by what happened meanwhile; it is on the rail. */
const QUIET_AFTER_BREAK_MS = 3000;

/** What is shown of the world. */
export interface View {
  bounds: Box;
  zoom: number;
}

/** What the map does about what is heard. */
export interface MapSide {
  readonly view: View;
  /** The past is shown: the present goes on out of sight, unheard. */
  readonly isPast: boolean;
  onTiles(layers: string[], tiles: [number, number, number][] | null): void;
  onMoved(layer: string, feature: LiveFeature): void;
  onArrived(card: Card): void;
  /** What has come while the past is shown. */
  onMissed(cards: readonly Card[]): void;
  onCatalogChanged(): void;
  onLost(): void;
  onRecovered(): void;
  onSecond(): void;
}

export class Watch {
  readonly picture: Picture;
  /** Settles when the stream is live for the first time: then the first picture is whole. */
  readonly firstLive: Promise<void>;
  #isLive: () => void = () => undefined;
  readonly #connection: Connection;
  readonly #arrivals = new Arrivals();
  readonly #beginnings = new Beginnings();
  readonly #home: Box | null;
  #view: View;
  #map: MapSide | null = null;
  #ahead_ms = 0;
  #quietUntil = 0;

  constructor(
    private readonly wall: Wall,
    private readonly tones: Tones,
    firstView: View,
  ) {
    this.#home = boxAround(wall.scenes.map((scene) => scene.center));
    this.#view = firstView;
    this.firstLive = new Promise((resolve) => (this.#isLive = resolve));
    this.picture = new Picture(
      () => wall.liveLayers,
      {
        serverNow: () => this.serverNow(),
        timeZone: () => wall.timeZone,
        now: () => performance.now(),
        after: (ms, run) => void setTimeout(run, ms),
      },
      {
        onLists: () => this.list(),
        onTiles: (layers, tiles) => this.#map?.onTiles(layers, tiles),
        onMoved: (layer, feature) => this.#map?.onMoved(layer, feature),
        onCatalogChanged: () => this.#map?.onCatalogChanged(),
      },
    );
    this.#connection = new Connection(
      browserSurroundings(),
      {
        onMessage: (message) => this.#heard(message),
        onLink: (state) => this.#linked(state),
        onRefused: () => void this.#stillSignedIn(),
      },
      this.subscription(),
    );
  }

  start(): void {
    this.#connection.start();
    this.#keepTime();
  }

  takeOver(map: MapSide): void {
    this.#map = map;
    this.look();
  }

  /** To be called when the view, the catalog or the shown layers have changed. */
  look(): void {
    if (this.#map !== null) this.#view = this.#map.view;
    this.#connection.subscribe(this.subscription());
  }

  serverNow(): number {
    return Date.now() + this.#ahead_ms;
  }

  /** What is wanted of the world just now. */
  subscription(): Subscription {
    const { catalog, shown } = this.wall;
    return {
      layers: subscribedLayers(catalog),
      tile_layers: tileLayers(catalog, shown),
      bbox: subscriptionBox(this.#home, this.#view.bounds),
      zoom: Math.max(0, Math.floor(this.#view.zoom)),
    };
  }

  /** Draws up the rail and the counts from what is held, and says what is new. */
  list(): void {
    const { wall, picture } = this;
    const cards = this.#beginnings.held(railCards(picture, wall.acknowledged));
    const quietly = wall.link !== "live" || performance.now() < this.#quietUntil;
    const news = this.#arrivals.news(cards, quietly).reverse();
    if (this.#map?.isPast === true) return this.#map.onMissed(news);
    wall.cards = cards;
    wall.notices = picture.features("warnings");
    wall.counts = Object.fromEntries(wall.liveLayers.map((layer) => [layer, picture.count(layer)]));
    for (const card of news) this.#arrived(card);
  }

  #heard(message: LiveMessage): void {
    if (message.type === "tick") {
      const server = instant(message.server_time);
      if (server !== null) this.#ahead_ms = server - Date.now();
      this.wall.lastGoodAt = this.serverNow();
    }
    if (message.type === "resync") this.#quietUntil = performance.now() + QUIET_AFTER_BREAK_MS;
    this.picture.receive(message);
  }

  #linked(state: LinkState): void {
    const { wall } = this;
    if (wall.link === "lost" && state === "live") this.#recovered();
    wall.link = state;
    if (state === "lost") this.#map?.onLost();
    if (state === "live") {
      this.#isLive();
      // What is there by now is no news, and what comes next is: also where nothing is there.
      this.list();
    }
    document.documentElement.dataset["state"] = state;
  }

  #recovered(): void {
    this.#quietUntil = performance.now() + QUIET_AFTER_BREAK_MS;
    this.#map?.onRecovered();
    void this.#askFeeds();
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

  #arrived(card: Card): void {
    const { wall } = this;
    wall.announcement = `${card.kind}: ${card.title}. ${card.place}`;
    if (card.severity !== 3 && wall.sound.on && !wall.quietNow) {
      this.tones.play(card.severity, wall.sound.volume);
    }
    this.#map?.onArrived(card);
  }

  #everySecond(): void {
    this.wall.now = this.serverNow();
    this.picture.age();
    this.look();
    this.#map?.onSecond();
  }

  #keepTime(): void {
    const { wall } = this;
    const streams = async (): Promise<void> => {
      wall.streams = await askStreams().catch(() => wall.streams);
    };
    setInterval(() => this.#everySecond(), 1000);
    setInterval(() => (wall.sinceTick_s = (performance.now() - this.#connection.heardAt) / 1000), 200);
    setInterval(() => void this.#askFeeds(), FEEDS_EVERY_MS);
    setInterval(() => void streams(), STREAMS_EVERY_MS);
    window.addEventListener("online", () => this.#connection.retryNow());
    document.addEventListener("visibilitychange", () => this.#connection.retryNow());
    void streams();
    void this.#askFeeds();
  }
}
