// A replay in progress: it runs a clock of its own, asks the server for the picture of each instant, and draws it in the place of
// the live one, which goes on out of sight. Loaded only when somebody asks for it.
import { railCards } from "../alerts/rail";
import { Picture } from "../picture";
import { Refused } from "../server/ask";
import { instant } from "../time/age";
import { askPast, askTimeline, secondText, wholeSecond } from "./ask";
import type { ReplayParts } from "./door";
import { rowsOf, stepFor } from "./histogram";
import * as clock from "./play-clock";
import { A_MOMENT_AGO_MS, beginning, firstStep, unrecordedBy } from "./records";
import type { Past, Replaying, Timeline } from "./shapes";

const DAY_MS = 24 * 3_600_000;
/** What is younger is the live wall's business, and may still be on its way. */
const BEHIND_MS = 5000;
const SHORTEST_MS = 5 * 60_000;
const BEAT_MS = 250;
const TIMELINE_EVERY_MS = 60_000;
const ASK_AGAIN_MS = 2000;

export class Replay {
  readonly picture: Picture;
  #clock: clock.PlayClock;
  #keptFrom: number | null = null;
  #timeline: Timeline | null = null;
  /** The step of the first record, second by second, where all that is kept is younger than what the timeline shows. */
  #firstStep: Timeline | null = null;
  /** Whether somebody said where to be. */
  #chosen: boolean;
  #past: Past | null = null;
  #after: string | null = null;
  #drawn: number | null = null;
  /** Where somebody wants to be: the clock goes on from there once that is drawn. */
  #sought: number;
  /** Whether it is known, or has been asked for in vain, what is kept. */
  #begun = false;
  #asking = false;
  #askedAt = -Infinity;
  /** What was asked for last, as text; empty where the next question must be for everything. */
  #wanted = "";
  #trouble: string | null = null;
  #timers: ReturnType<typeof setInterval>[] = [];
  #over = false;

  constructor(
    private readonly parts: ReplayParts,
    at: number | null,
  ) {
    this.#chosen = at !== null;
    this.#sought = clock.clamped(at ?? this.#momentAgo, this.#span);
    this.#clock = clock.standing(this.#sought, performance.now());
    const { wall } = parts;
    this.picture = new Picture(
      () => wall.liveLayers,
      {
        serverNow: () => this.#drawn ?? this.at,
        timeZone: () => wall.timeZone,
        now: () => performance.now(),
        after: (ms, run) => void setTimeout(run, ms),
      },
      {
        onLists: () => this.#lists(),
        onTiles: (layers) => this.#tiles(layers.includes("cameras") ? [...layers, "coverage"] : layers),
        onMoved: (layer, feature) => parts.looking.moved(layer, feature),
        onCatalogChanged: () => undefined,
      },
    );
  }

  start(): void {
    this.attach();
    this.#tell();
    this.#timers = [
      setInterval(() => this.#beat(), BEAT_MS),
      setInterval(() => void this.#askTimeline(), TIMELINE_EVERY_MS),
    ];
    // What is kept comes first: nothing may be asked from before it.
    void this.#askTimeline();
  }

  stop(): void {
    this.#over = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.parts.stage.travel(this.parts.stage.tiledLayers, null);
  }

  /** The map has new, empty sources. */
  attach(): void {
    this.picture.attach(this.parts.stage);
    if (this.#drawn !== null) this.#tiles(this.parts.stage.tiledLayers);
  }

  get at(): number {
    return clock.instantOf(this.#clock, performance.now());
  }

  get #momentAgo(): number {
    return wholeSecond(this.parts.serverNow()) - A_MOMENT_AGO_MS;
  }

  seek(at: number): void {
    this.#chosen = true;
    this.#clock = clock.soughtTo(this.#clock, at, this.#span, performance.now());
    this.#sought = this.#clock.at;
    this.#askedAt = -Infinity;
    this.#beat();
  }

  play(playing: boolean): void {
    this.#clock = clock.played(this.#clock, playing, performance.now());
    this.#beat();
  }

  speed(speed: clock.Speed): void {
    this.#clock = clock.withSpeed(this.#clock, speed, performance.now());
    this.#beat();
  }

  get #span(): clock.Span {
    const to = wholeSecond(this.parts.serverNow()) - BEHIND_MS;
    // The first whole second that is kept.
    const kept = this.#keptFrom === null ? -Infinity : Math.ceil(this.#keptFrom / 1000) * 1000;
    return { from: Math.min(to, Math.max(to - DAY_MS, kept)), to };
  }

  #beat(): void {
    const now = performance.now();
    const shown = Math.max(this.#drawn ?? this.#sought, this.#sought);
    this.#clock = clock.notAheadOf(clock.heldWithin(this.#clock, this.#span, now), shown, now);
    this.picture.age();
    this.#tell();
    const at = wholeSecond(this.at);
    const due = now - this.#askedAt >= clock.stepEvery_ms(this.#clock.speed);
    const elsewhere = JSON.stringify(this.parts.subscription()) !== this.#wanted;
    if (this.#begun && !this.#asking && due && (elsewhere || at !== this.#drawn)) void this.#ask(at);
  }

  async #ask(at: number): Promise<void> {
    this.#asking = true;
    this.#askedAt = performance.now();
    const wanted = this.parts.subscription();
    const text = JSON.stringify(wanted);
    const goesOn = this.#drawn !== null && at >= this.#drawn && text === this.#wanted;
    try {
      const messages = await askPast(wanted, at, goesOn ? this.#after : null);
      if (this.#over) return;
      this.#drawn = at;
      this.#wanted = text;
      this.#trouble = null;
      if (!goesOn || messages.some(({ type }) => type === "resync")) {
        this.#tiles(this.parts.stage.tiledLayers);
      }
      for (const message of messages) {
        if (message.type === "tick") this.#after = message.id;
        this.picture.receive(message);
      }
      document.documentElement.dataset["replay"] = secondText(at);
    } catch (error) {
      if (this.#over) return;
      this.#wanted = "";
      this.#askedAt = performance.now() + ASK_AGAIN_MS;
      this.#trouble = error instanceof Refused ? error.message : "The server does not answer.";
    } finally {
      this.#asking = false;
    }
    this.#tell();
  }

  #tiles(layers: readonly string[]): void {
    this.parts.stage.travel(layers, secondText(wholeSecond(this.#drawn ?? this.at)));
  }

  #lists(): void {
    if (this.#over) return;
    const { wall } = this.parts;
    wall.cards = railCards(this.picture, wall.acknowledged);
    wall.notices = this.picture.features("warnings");
    wall.counts = Object.fromEntries(wall.liveLayers.map((layer) => [layer, this.picture.count(layer)]));
  }

  #tell(): void {
    if (this.#over) return;
    const told: Replaying = {
      at: this.at,
      drawn: this.#drawn,
      playing: this.#clock.playing,
      speed: this.#clock.speed,
      span: this.#shownSpan,
      past: this.#past,
      trouble: this.#trouble,
      unrecorded:
        this.#timeline === null ? new Set() : unrecordedBy(this.#timeline, this.at, this.#firstStep),
      news: this.parts.news(),
    };
    this.parts.wall.replay = told;
  }

  /** What the timeline shows is a little wider than what can be shown, where there is only little. */
  get #shownSpan(): clock.Span {
    const { from, to } = this.#span;
    return { from: Math.min(from, to - SHORTEST_MS), to };
  }

  /** The server says to the hour what is kept; the counts say to the second when there was something. */
  async #findBeginning(timeline: Timeline, layers: readonly string[]): Promise<void> {
    const coarse = firstStep(timeline);
    if (coarse === null || this.#keptFrom === null || this.#keptFrom < (instant(timeline.from) ?? 0)) return;
    this.#firstStep = await askTimeline(layers, coarse.from, coarse.to, 1);
    if (this.#chosen || this.#over) return;
    this.seek(beginning(this.#momentAgo, firstStep(this.#firstStep)?.from ?? coarse.from));
    this.parts.onBegun();
  }

  async #askTimeline(): Promise<void> {
    const { catalog } = this.parts.wall;
    const layers = catalog.filter(({ kind }) => kind !== "derived").map(({ name }) => name);
    try {
      if (this.#keptFrom === null) {
        const { from, to } = this.#span;
        const first = await askTimeline(layers, from, to, 3600);
        this.#keptFrom = instant(first.kept_from);
      }
      const { from, to } = this.#shownSpan;
      const timeline = await askTimeline(layers, from, to, stepFor(to - from));
      this.#keptFrom = instant(timeline.kept_from);
      if (!this.#begun) await this.#findBeginning(timeline, layers);
      this.#timeline = timeline;
      const start = instant(timeline.from) ?? from;
      this.#past = { rows: rowsOf(timeline, catalog), from: start, step_s: timeline.step_s };
      if (this.#trouble !== null) this.#askedAt = -Infinity;
    } catch {
      // The replay goes on without a histogram, and asks again in a minute.
    }
    this.#begun = true;
    this.#beat();
  }
}
