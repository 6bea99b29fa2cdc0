// Which cards are new, or have become more severe, since the last look. What is there when the wall opens is not news. Pure.
import type { Card } from "./rail";

export class Arrivals {
  readonly #known = new Map<string, number>();
  #primed = false;

  /** The first call only takes note, and so does every call with `quietly`: after a break, old news is not an alarm. */
  news(cards: readonly Card[], quietly = false): Card[] {
    const fresh = cards.filter((card) => card.severity < (this.#known.get(card.key) ?? 4));
    this.#known.clear();
    for (const card of cards) this.#known.set(card.key, card.severity);
    const silent = quietly || !this.#primed;
    this.#primed = true;
    return silent ? [] : fresh;
  }
}
