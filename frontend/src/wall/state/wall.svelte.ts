// What the wall shows right now, as reactive state. No behaviour here: `Director` changes it, components draw it.
import { createContext } from "svelte";

import type { Card } from "../alerts/rail";
import { liveLayers } from "../live/area";
import type { LinkState } from "../live/connection";
import type { LiveFeature } from "../live/messages";
import type { Replaying } from "../replay/shapes";
import type { CatalogLayer, Feed, Found, Scene, Session } from "../server/shapes";
import { AT_FIRST, isQuiet, type SoundSettings } from "../sound/settings";
import type { Theme } from "../view/address";
import { leads, type Part } from "../view/part";

export type Panel = "none" | "layers" | "find" | "help" | "sound";

/** An answer on its way: not yet, here, or refused with a reason. */
export type Answer<T> = { is: "coming" } | { is: "here"; value: T } | { is: "refused"; why: string };

export interface Selected {
  /** `layer/id`, or `place` for a bare point of the map. */
  key: string;
  layer: string | null;
  id: string | null;
  at: [number, number] | null;
  feature: LiveFeature | null;
  near: Answer<Found[]>;
  seeing: Answer<Found[]>;
  camera: string | null;
}

/** What the wall itself points out in an inset while the main view stays where it is. */
export interface Focused {
  card: Card;
  at: [number, number];
  /** It goes again at this instant, in server time; null while pinned. */
  closesAt: number | null;
  seeing: Answer<Found[]>;
  near: Answer<Found[]>;
}

export class Wall {
  name = $state<string | null>(null);
  /** Which part of the view this display shows; null for all of it. */
  part = $state.raw<Part | null>(null);
  session = $state.raw<Session | null>(null);
  catalog = $state.raw<CatalogLayer[]>([]);
  scenes = $state.raw<Scene[]>([]);
  feeds = $state.raw<Feed[]>([]);
  streams = $state.raw<Record<string, string>>({});

  link = $state<LinkState>("loading");
  /** Server time in ms, moved on once a second. */
  now = $state(Date.now());
  sinceTick_s = $state(0);
  lastGoodAt = $state<number | null>(null);
  trouble = $state<string | null>(null);
  /** What the address asks for and does not get, until somebody has read it. */
  faults = $state.raw<readonly string[]>([]);

  cards = $state.raw<Card[]>([]);
  notices = $state.raw<LiveFeature[]>([]);
  acknowledged = $state.raw<ReadonlySet<string>>(new Set());
  currentCard = $state<string | null>(null);
  announcement = $state("");
  /** Why a key did nothing, for a moment. */
  hint = $state("");
  counts = $state.raw<Record<string, number>>({});

  scene = $state<string | null>(null);
  shown = $state.raw<ReadonlySet<string>>(new Set());
  theme = $state<Theme>("night");
  scale = $state(1);
  /** Of the map's full resolution: less where the display would otherwise not keep up. Null until the map is drawn as it stays. */
  drawnPart = $state<number | null>(null);
  cycling = $state(false);
  sound = $state.raw<SoundSettings>(AT_FIRST);
  soundBlocked = $state(false);
  reticle = $state(false);
  /** Details stand on the right where they would cover what they are about. */
  detailsOnRight = $state(false);
  panel = $state<Panel>("none");
  selected = $state.raw<Selected | null>(null);
  /** The plate of this feature, `layer/id`, is shown in full: somebody with the clearance asked for it. */
  plateOpen = $state<string | null>(null);
  focus = $state.raw<Focused | null>(null);
  /** The inset stands on the side where the alarm is not. */
  focusOnLeft = $state(false);
  /** Null while the wall shows the present. */
  replay = $state.raw<Replaying | null>(null);

  /** Whether this display carries what is there once for all displays of the view. */
  get leads(): boolean {
    return leads(this.part);
  }
  /** Whether Enter opens what the wall points out: nothing else is chosen, by card or by reticle. */
  get enterOpensFocus(): boolean {
    return this.focus !== null && this.currentCard === null && !this.reticle;
  }
  /** The layers whose features are all held here. */
  get liveLayers(): readonly string[] {
    return liveLayers(this.catalog);
  }
  /** The instant that is shown: now, or where a replay stands. */
  get shownNow(): number {
    return this.replay?.at ?? this.now;
  }
  get timeZone(): string {
    return this.session?.time_zone ?? "UTC";
  }
  get mayOpenPlates(): boolean {
    return this.session?.clearances.includes("cji") ?? false;
  }
  /** Whether this is an hour in which no display sounds. */
  get quietNow(): boolean {
    return isQuiet(this.sound.quiet, this.now, this.timeZone);
  }
  get sceneTitle(): string {
    return this.scenes.find((scene) => scene.name === this.scene)?.title ?? "Free view";
  }
}

export const [wallHere, hangWall] = createContext<Wall>();
