// Points out what alarms most: an inset map with the place in its middle and the cameras that see it, for a while or until somebody
// lets it go. The main view stays where it is.
import type { Card } from "../alerts/rail";
import type { Inset } from "../map/inset";
import type { Dress } from "../map/stage";
import { selectionFeatures } from "../map/selection-features";
import { askNear, askSeeing } from "../server/ask";
import type { Found } from "../server/shapes";
import type { Answer, Focused, Wall } from "../state/wall.svelte";
import { MOST_CAMERAS, takesFocus } from "./rules";

/** What the inset is made with. */
export interface Around {
  serverNow(): number;
  inset(container: HTMLElement, at: [number, number], layer: string): Inset;
  /** Whether a place is in the left half of the main view. */
  isLeft(at: [number, number]): boolean;
}

const reason = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : "The server did not answer.";

async function settled(asking: Promise<{ features: Found[] }>): Promise<Answer<Found[]>> {
  try {
    return { is: "here", value: (await asking).features };
  } catch (error) {
    return { is: "refused", why: reason(error) };
  }
}

export class Focusing {
  #asked: AbortController | null = null;
  #inset: Inset | null = null;

  constructor(
    private readonly wall: Wall,
    private readonly around: Around,
    private readonly stays_s: number,
  ) {}

  arrived(card: Card): void {
    const { wall } = this;
    const [lon, lat] = card.at ?? [];
    if (!takesFocus(card, wall.focus, this.stays_s) || lon === undefined || lat === undefined) return;
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    const at: [number, number] = [lon, lat];
    wall.focusOnLeft = !this.around.isLeft(at);
    wall.focus = { card, at, closesAt: this.#later(), seeing: { is: "coming" }, near: { is: "coming" } };
    void this.#askCameras(at, asked.signal);
  }

  /** The small map, while it is on the page. */
  get inset(): Inset | null {
    return this.#inset;
  }

  /** Draws the inset into its place on the page. Gives back what takes it away again. */
  hang(container: HTMLElement): () => void {
    const focus = this.wall.focus;
    if (focus === null) return () => undefined;
    const inset = this.around.inset(container, focus.at, focus.card.layer);
    this.#inset = inset;
    this.#draw();
    return () => {
      inset.remove();
      if (this.#inset === inset) this.#inset = null;
    };
  }

  /** The main view is dressed anew, and the inset with it. */
  wear(dress: Dress): void {
    this.#inset?.wear(dress);
  }

  /** The main view is drawn in another number of pixels, and the inset with it. */
  sharpen(pixelRatio: number): void {
    this.#inset?.sharpen(pixelRatio);
  }

  pin(): void {
    const { focus } = this.wall;
    if (focus === null) return;
    this.wall.focus = { ...focus, closesAt: focus.closesAt === null ? this.#later() : null };
  }

  close(): void {
    this.#asked?.abort();
    this.wall.focus = null;
  }

  /** Called once a second. What is over is let go; what has moved or is gone is followed. */
  second(): void {
    const { wall } = this;
    const { focus } = wall;
    if (focus === null) return;
    if (focus.closesAt !== null && wall.now >= focus.closesAt) return this.close();
    const card = wall.cards.find((one) => one.key === focus.card.key);
    if (card !== undefined && card !== focus.card) wall.focus = { ...focus, card };
    this.#inset?.refresh();
  }

  #later(): number {
    return this.around.serverNow() + this.stays_s * 1000;
  }

  async #askCameras(at: [number, number], signal: AbortSignal): Promise<void> {
    const [seeing, near] = await Promise.all([
      settled(askSeeing(...at, signal)),
      settled(askNear(...at, signal)),
    ]);
    const { focus } = this.wall;
    if (signal.aborted || focus === null) return;
    this.wall.focus = { ...focus, seeing, near } satisfies Focused;
    this.#draw();
  }

  #draw(): void {
    const { focus } = this.wall;
    if (focus === null) return;
    this.#inset?.select(selectionFeatures({ ...focus, id: focus.card.id }, focus.at, [], MOST_CAMERAS));
  }
}
