// The way into a replay and back: the small part that is always loaded. Whatever is shown, live or past, is asked for here.
import type { Card } from "../alerts/rail";
import type { Looking } from "../looking";
import type { Stage } from "../map/stage";
import type { Picture } from "../picture";
import type { Wall } from "../state/wall.svelte";
import type { Wanted } from "./ask";
import type { Speed } from "./play-clock";
import type { Replay } from "./replay";

/** What a replay needs of the wall. */
export interface ReplayParts {
  wall: Wall;
  stage: Stage;
  live: Picture;
  looking: Looking;
  subscription(): Wanted;
  serverNow(): number;
  /** Alarms of severity 1 and 2 since the replay began. */
  news(): number;
  /** It has found by itself where to begin. */
  onBegun(): void;
}

export interface DoorEvents {
  /** What is selected belongs to another time. */
  onOtherTime(): void;
  /** The live picture is the one shown again. */
  onLive(): void;
  onAddress(): void;
}

export class ReplayDoor {
  #replay: Replay | null = null;
  #opening = false;
  #news = 0;

  constructor(
    private readonly parts: Omit<ReplayParts, "news" | "onBegun">,
    private readonly events: DoorEvents,
  ) {}

  /** The picture that is shown. */
  get shown(): Picture {
    return this.#replay?.picture ?? this.parts.live;
  }

  get isOpen(): boolean {
    return this.#replay !== null;
  }

  /** At an instant, or where nobody says one a moment ago, if something was recorded by then. */
  async open(at: number | null): Promise<void> {
    if (this.#opening || this.isOpen) return;
    this.#opening = true;
    try {
      const { Replay } = await import("./replay");
      this.#news = 0;
      this.events.onOtherTime();
      const onBegun = (): void => this.events.onAddress();
      const replay = new Replay({ ...this.parts, news: () => this.#news, onBegun }, at);
      this.parts.live.detach();
      // Nothing of the present may stand beside the past.
      Object.assign(this.parts.wall, { cards: [], notices: [], counts: {} });
      this.#replay = replay;
      replay.start();
      this.events.onAddress();
    } finally {
      this.#opening = false;
    }
  }

  /** Back to the present, at once. */
  leave(): void {
    const replay = this.#replay;
    if (replay === null) return;
    replay.stop();
    replay.picture.detach();
    this.#replay = null;
    this.parts.wall.replay = null;
    delete document.documentElement.dataset["replay"];
    this.events.onOtherTime();
    this.parts.live.attach(this.parts.stage);
    this.events.onLive();
    this.events.onAddress();
  }

  toggle(): void {
    if (this.isOpen) this.leave();
    else void this.open(null);
  }

  /** The map has new, empty sources. */
  attach(): void {
    if (this.#replay === null) this.parts.live.attach(this.parts.stage);
    else this.#replay.attach();
  }

  /** What has come in the present is counted, and neither shown nor sounded. */
  missed(cards: readonly Card[]): void {
    this.#news += cards.filter(({ severity }) => severity < 3).length;
  }

  seek(at: number): void {
    this.#replay?.seek(at);
    this.events.onAddress();
  }

  play(playing: boolean): void {
    this.#replay?.play(playing);
    this.events.onAddress();
  }

  speed(speed: Speed): void {
    this.#replay?.speed(speed);
  }
}
