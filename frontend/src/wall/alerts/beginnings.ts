// Since when each alarm stands. A feed that says no beginning of its own reports the same alarm again and again, each time as observed
// just now: its age counts from the first report that this wall heard, for as long as the alarm stands.
import type { Card } from "./rail";

export class Beginnings {
  readonly #since = new Map<string, number>();

  /** The cards, none younger than it was before. */
  held(cards: readonly Card[]): Card[] {
    const kept = cards.map((card) => ({
      ...card,
      since: Math.min(card.since, this.#since.get(card.key) ?? Infinity),
    }));
    this.#since.clear();
    for (const { key, since } of kept) this.#since.set(key, since);
    return kept;
  }
}
