// Which of the displays on one machine sounds: those that could say so to each other once a second, and the least of the names heard
// lately is it. A display that is closed falls silent and is forgotten; nobody has to resign. Pure but for the channel it is given.

export const BEAT_MS = 1000;
/** Two beats may be lost before a display counts as gone. */
export const FORGOTTEN_MS = 3200;

export class Election {
  readonly #heard = new Map<string, number>();
  #stood: number | null = null;

  constructor(
    private readonly name: string,
    private readonly say: (name: string) => void,
  ) {}

  hear(name: string, now: number): void {
    this.#heard.set(name, now);
  }

  /** To be called once a beat, with whether this display could sound. Gives back whether it is the one. */
  beat(stands: boolean, now: number): boolean {
    if (!stands) {
      this.#stood = null;
      return false;
    }
    this.say(this.name);
    for (const [name, at] of this.#heard) if (now - at > FORGOTTEN_MS) this.#heard.delete(name);
    // The first beat only listens: somebody else may be at it already.
    this.#stood ??= now;
    if (now - this.#stood < BEAT_MS) return false;
    return [...this.#heard.keys()].every((name) => name >= this.name);
  }
}
