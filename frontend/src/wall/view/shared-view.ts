// One view on several displays of one browser, as where one computer drives a whole wall: what one of them does to the view, all of them
// do. Displays on other computers share the address instead, and turn their scenes by the server's clock.
import type { MapPose, Theme } from "./address";

/** All that the displays of one view have in common. */
export interface ViewState {
  pose: MapPose;
  scene: string | null;
  layers: string[];
  theme: Theme;
  movedByHand: boolean;
  layersByHand: boolean;
}

/** The part of `BroadcastChannel` that is used. */
export interface Channel {
  postMessage(message: unknown): void;
  addEventListener(type: "message", hear: (event: { data: unknown }) => void): void;
}

type Message = { is: "view"; view: ViewState } | { is: "asked" };

export class SharedView {
  #told = "";
  #following = false;

  /** Asks the others at once: a display that comes later shows what they show. */
  constructor(
    private readonly channel: Channel,
    private readonly mine: () => ViewState,
    private readonly follow: (view: ViewState) => void,
  ) {
    channel.addEventListener("message", ({ data }) => this.#hear(data as Message));
    this.#post({ is: "asked" });
  }

  /** To be called whenever something of the view may have changed. What came from the others is not told back to them. */
  tell(): void {
    if (this.#following) return;
    const view = this.mine();
    const text = JSON.stringify(view);
    if (text === this.#told) return;
    this.#told = text;
    this.#post({ is: "view", view });
  }

  #hear(message: Message): void {
    if (message.is === "asked") {
      this.#post({ is: "view", view: this.mine() });
      return;
    }
    this.#following = true;
    try {
      this.follow(message.view);
    } finally {
      this.#following = false;
      this.#told = JSON.stringify(this.mine());
    }
  }

  #post(message: Message): void {
    this.channel.postMessage(message);
  }
}

/** Which scene is due at an instant of the server's clock, so that displays that know nothing of each other turn together. */
export function sceneDue(dwells_s: readonly number[], now_ms: number): number {
  const round_s = dwells_s.reduce((sum, dwell) => sum + dwell, 0);
  let left = (now_ms / 1000) % round_s;
  return Math.max(
    0,
    dwells_s.findIndex((dwell) => (left -= dwell) < 0),
  );
}
