// Draws the map in as many pixels as the display can bear: measures its frames, asks `resolution` what they allow, and does it. The size
// of everything on the screen stays what it is.
import type { Map as MapLibreMap } from "maplibre-gl";

import { timeFrames } from "./frame-times";
import { FRAMES, Resolution } from "./resolution";

export class Sharpness {
  readonly #resolution: Resolution;
  /** Of the first picture; null once it has been drawn in the resolution found. */
  #first: number[] | null = [];
  #isWhole = false;

  /** `fullRatio`: pixels drawn for one of the style where the display can bear it. */
  constructor(
    private readonly map: MapLibreMap,
    private readonly fullRatio: number,
    private readonly onPart: (part: number) => void,
  ) {
    this.#resolution = new Resolution(fullRatio, performance.now());
  }

  get ratio(): number {
    return this.#resolution.part * this.fullRatio;
  }

  /** The first picture is on the screen, still coarse. */
  shown(): void {
    timeFrames(this.map, (took_ms) => this.#took(took_ms));
  }

  /** The map has nothing else to do, or has had its time: now it is drawn as it will stay. */
  whole(): void {
    this.#isWhole = true;
    this.#begin();
  }

  #took(took_ms: number): void {
    if (this.#first !== null) {
      this.#first.push(took_ms);
      this.#begin();
      return;
    }
    const part = this.#resolution.note(took_ms, performance.now());
    if (part !== null) this.#draw(part);
  }

  #begin(): void {
    if (this.#first === null || !this.#isWhole) return;
    if (this.#first.length < FRAMES) {
      this.map.triggerRepaint();
      return;
    }
    const drawnPart = this.map.getPixelRatio() / this.fullRatio;
    const part = this.#resolution.begin(this.#first, drawnPart, performance.now());
    this.#first = null;
    this.#draw(part);
  }

  #draw(part: number): void {
    if (this.map.getPixelRatio() !== this.ratio) this.map.setPixelRatio(this.ratio);
    this.onPart(part);
  }
}
