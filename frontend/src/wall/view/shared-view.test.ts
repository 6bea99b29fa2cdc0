// Displays that share a view do the same, and never answer each other without end.
import { describe, expect, it } from "vitest";

import { sceneDue, SharedView, type Channel, type ViewState } from "./shared-view";

const VIEW: ViewState = {
  pose: { center: [-110.97, 32.22], zoom: 12, bearing: 0, pitch: 0 },
  scene: "city",
  layers: ["units"],
  theme: "night",
  movedByHand: false,
  layersByHand: false,
};

/** A channel as the browser's: to all others, never to oneself. */
class Air {
  readonly #hearers = new Map<Channel, (event: { data: unknown }) => void>();
  said = 0;

  channel(): Channel {
    const own: Channel = {
      addEventListener: (_, hear) => void this.#hearers.set(own, hear),
      postMessage: (message) => {
        this.said += 1;
        for (const [other, hear] of this.#hearers) {
          if (other !== own) hear({ data: structuredClone(message) });
        }
      },
    };
    return own;
  }
}

class Display {
  view: ViewState;
  shared: SharedView | null = null;

  constructor(air: Air, view: ViewState) {
    this.view = view;
    this.shared = new SharedView(
      air.channel(),
      () => this.view,
      (told) => this.change(told),
    );
  }

  change(view: ViewState): void {
    this.view = view;
    this.shared?.tell();
  }
}

describe("a shared view", () => {
  it("is what the last one made of it, on all displays", () => {
    const air = new Air();
    const displays = [1, 2, 3].map(() => new Display(air, VIEW));
    const before = air.said;
    displays[1]?.change({ ...VIEW, scene: "downtown" });
    expect(displays.map((one) => one.view.scene)).toEqual(["downtown", "downtown", "downtown"]);
    displays[2]?.change({ ...VIEW, theme: "day" });
    expect(displays.map((one) => one.view.theme)).toEqual(["day", "day", "day"]);
    expect(air.said - before, "one message a change").toBe(2);
  });

  it("is taken over by a display that comes later", () => {
    const air = new Air();
    new Display(air, { ...VIEW, scene: "downtown" });
    expect(new Display(air, VIEW).view.scene).toBe("downtown");
  });

  it("is not told again where nothing changed", () => {
    const air = new Air();
    const [one] = [new Display(air, VIEW), new Display(air, VIEW)];
    one.change({ ...VIEW, scene: "downtown" });
    const before = air.said;
    one.shared?.tell();
    expect(air.said).toBe(before);
  });
});

describe("the scene that is due", () => {
  it("is the same wherever it is asked, and each has its time", () => {
    const due = (now_s: number): number => sceneDue([20, 10, 30], now_s * 1000);
    expect([0, 19.9, 20, 29.9, 30, 59.9, 60, 80].map(due)).toEqual([0, 0, 1, 1, 2, 2, 0, 1]);
  });
});
