// Plays one HLS stream in a video element, through hls.js (fetched only now) or the browser itself, and says once a second whether
// the picture moves and from when it is. Gives back a function that ends it.
import type Hls from "hls.js/light";

import { Stillness } from "./stillness";

/** A picture as it stands. */
export interface Shown {
  /** Whether there has been a picture at all. */
  moved: boolean;
  /** Seconds for which it has stood still. */
  still_s: number;
  /** When it was taken, in milliseconds since 1970, where the stream tells. */
  taken_at: number | null;
}

export interface StreamListener {
  onTrouble(why: string): void;
  onShown(shown: Shown): void;
}

const LOOK_EVERY_MS = 1000;
const AGAIN_AFTER_MS = 5000;
const TYPE = "application/vnd.apple.mpegurl";
const PLAYER = {
  liveSyncDurationCount: 2,
  // A picture that fell behind jumps forward instead of staying old.
  liveMaxLatencyDurationCount: 6,
  maxBufferLength: 10,
  backBufferLength: 10,
};

class Play {
  #player: Hls | null = null;
  /** Kept while a stream is loaded anew: the last picture is still from then. */
  #taken_at: number | null = null;
  #ended = false;
  readonly #looking: ReturnType<typeof setInterval>;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: string,
    private readonly listener: StreamListener,
  ) {
    const stillness = new Stillness(video.currentTime, performance.now());
    this.#looking = setInterval(() => {
      const still_s = stillness.look(video.currentTime, performance.now());
      this.#taken_at = this.#player?.playingDate?.getTime() ?? this.#taken_at;
      listener.onShown({ moved: stillness.moved, still_s, taken_at: this.#taken_at });
    }, LOOK_EVERY_MS);
  }

  async start(): Promise<void> {
    const { default: Player } = await import("hls.js/light");
    if (this.#ended) return;
    if (!Player.isSupported()) {
      if (this.video.canPlayType(TYPE) === "") this.listener.onTrouble("This browser cannot play the stream");
      else this.video.src = this.url;
      return;
    }
    const player = (this.#player = new Player(PLAYER));
    player.on(Player.Events.ERROR, (_event, { fatal, type }) => {
      if (!fatal) return;
      this.listener.onTrouble("The stream does not answer; trying again");
      if (type === Player.ErrorTypes.MEDIA_ERROR) player.recoverMediaError();
      else setTimeout(() => (this.#ended ? undefined : player.loadSource(this.url)), AGAIN_AFTER_MS);
    });
    player.loadSource(this.url);
    player.attachMedia(this.video);
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#looking);
    this.#player?.destroy();
    this.video.removeAttribute("src");
  }
}

export function playStream(video: HTMLVideoElement, url: string, listener: StreamListener): () => void {
  const play = new Play(video, url, listener);
  play.start().catch(() => listener.onTrouble("The player could not be loaded"));
  return () => play.end();
}
