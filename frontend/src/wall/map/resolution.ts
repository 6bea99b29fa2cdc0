// In which part of its full resolution the map is drawn. Where a frame costs so much that nothing else gets its turn, as on a large
// display without a graphics processor, fewer pixels are drawn in the same size on the screen: softer, and alive. Decided by the
// fastest of several frames, so that no single stall counts: a display with a graphics processor is never drawn coarser. A map that
// grows keeps the number of its pixels at once: to measure first would take several frames of the new size, seconds each. Pure.

/** Below so many pixels drawn for one of the style, its smallest letters (18 high) are no longer read at five metres. */
export const LEAST_RATIO = 0.6;
const PARTS = [1, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125];

/** A frame that takes longer, every time, is too slow. */
export const SLOW_MS = 250;
/** Of the first picture, which has few pixels: any graphics processor draws it in a fraction of this. */
const FIRST_SLOW_MS = 100;
/** So many in a row must be slow before anything is done about it. */
export const FRAMES = 3;
/** More pixels only where their frame, too, would be well within what is slow. */
const CALM_MS = 0.6 * SLOW_MS;
const CALM_FRAMES = 10;
const CALM_FOR_MS = 20_000;
/** Where more pixels were too many again, the next attempt is twice as late, and so on up to this. */
const CALM_AT_MOST_MS = 20 * 60_000;

const ROUNDING = 1e-9;

/** The parts a map of this full pixel ratio may be drawn in, from the whole down to the least that can be read. */
export function partsOf(fullRatio: number): number[] {
  const least = Math.min(1, LEAST_RATIO / fullRatio);
  return [...PARTS.filter((part) => part > least), least];
}

export class Resolution {
  #parts: readonly number[];
  #step = 0;
  #frames: number[] = [];
  #calmSince: number;
  #calmFrames = 0;
  #restless = 0;
  #calmFor_ms = CALM_FOR_MS;
  #wentUp = false;

  /** `fullRatio`: pixels drawn for one of the style when all are drawn. */
  constructor(fullRatio: number, now_ms: number) {
    this.#parts = partsOf(fullRatio);
    this.#calmSince = now_ms;
  }

  get part(): number {
    return this.#parts[this.#step] ?? 1;
  }

  /** After the first picture, whose frames took so long in this part of the resolution. */
  begin(frames_ms: readonly number[], drawnPart: number, now_ms: number): number {
    const fastest = Math.min(...frames_ms);
    if (frames_ms.length >= FRAMES && fastest > FIRST_SLOW_MS)
      this.#step = this.#quickStep(fastest, drawnPart);
    this.#calmSince = now_ms;
    return this.part;
  }

  /** A frame was drawn. Gives the new part if that is now another. */
  note(frame_ms: number, now_ms: number): number | null {
    this.#frames = [...this.#frames, frame_ms].slice(-FRAMES);
    const fastest = Math.min(...this.#frames);
    const isLeast = this.#step === this.#parts.length - 1;
    if (this.#frames.length === FRAMES && fastest > SLOW_MS && !isLeast) return this.#down(fastest, now_ms);
    return this.#isCalm(frame_ms, now_ms) ? this.#up(now_ms) : null;
  }

  /** The map now covers so many times the area. No more pixels are drawn than before, unless a frame of all of them would be quick. */
  resized(growth: number, now_ms: number): number | null {
    const fastest = Math.min(...this.#frames);
    const isQuick = this.#frames.length > 0 && fastest * growth <= CALM_MS;
    this.#frames = [];
    if (growth > 1 && isQuick) return null;
    const step = this.#stepWithin(this.part / Math.sqrt(growth));
    return step === this.#step ? null : this.#change(step, false, now_ms);
  }

  /** All pixels are now another number for one of the style, and so many times as many. As after a change of size. */
  rescaled(fullRatio: number, growth: number, now_ms: number): number {
    const part = this.part;
    this.#parts = partsOf(fullRatio);
    this.#step = this.#stepWithin(part);
    this.resized(growth, now_ms);
    return this.part;
  }

  #stepWithin(part: number): number {
    const found = this.#parts.findIndex((one) => one <= part + ROUNDING);
    return found === -1 ? this.#parts.length - 1 : found;
  }

  /** The most pixels whose frame is not slow, if its cost goes with their number. */
  #quickStep(frame_ms: number, drawnPart: number): number {
    const quick = this.#parts.findIndex((part) => frame_ms * (part / drawnPart) ** 2 <= SLOW_MS);
    return quick === -1 ? this.#parts.length - 1 : quick;
  }

  #down(fastest: number, now_ms: number): number {
    this.#calmFor_ms = this.#wentUp ? Math.min(2 * this.#calmFor_ms, CALM_AT_MOST_MS) : CALM_FOR_MS;
    return this.#change(Math.max(this.#step + 1, this.#quickStep(fastest, this.part)), false, now_ms);
  }

  #up(now_ms: number): number {
    return this.#change(this.#step - 1, true, now_ms);
  }

  #change(step: number, isUp: boolean, now_ms: number): number {
    this.#step = step;
    this.#wentUp = isUp;
    this.#frames = [];
    this.#startCalm(now_ms);
    return this.part;
  }

  #startCalm(now_ms: number): void {
    this.#calmSince = now_ms;
    this.#calmFrames = 0;
    this.#restless = 0;
  }

  /** Whether there was room for more pixels for long enough. A single stall is forgiven. */
  #isCalm(frame_ms: number, now_ms: number): boolean {
    const above = this.#parts[this.#step - 1];
    if (above === undefined) return false;
    this.#restless = frame_ms * (above / this.part) ** 2 > CALM_MS ? this.#restless + 1 : 0;
    if (this.#restless > 1) this.#startCalm(now_ms);
    this.#calmFrames += 1;
    return this.#calmFrames >= CALM_FRAMES && now_ms - this.#calmSince >= this.#calmFor_ms;
  }
}
