// How long a picture has stood still, told from its play time. Pure: the time is an argument.

export class Stillness {
  #moved = false;
  #playTime_s: number;
  #since_ms: number;

  constructor(playTime_s: number, now_ms: number) {
    this.#playTime_s = playTime_s;
    this.#since_ms = now_ms;
  }

  /** Whether the picture has ever moved. */
  get moved(): boolean {
    return this.#moved;
  }

  /** Whole seconds for which the play time has not changed. */
  look(playTime_s: number, now_ms: number): number {
    if (playTime_s !== this.#playTime_s) {
      this.#moved = true;
      this.#playTime_s = playTime_s;
      this.#since_ms = now_ms;
    }
    return Math.floor((now_ms - this.#since_ms) / 1000);
  }
}
