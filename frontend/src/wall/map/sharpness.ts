// Draws the map in as many pixels as the display can bear: measures its frames, asks `resolution` what they allow, and does it. The size
// of everything on the screen stays what it is. The map is fitted to its container here, so that it has the right number of pixels from
// the first frame of its new size on.
import type { Map as MapLibreMap } from "maplibre-gl";

import { timeFrames } from "./frame-times";
import { FRAMES, Resolution } from "./resolution";

interface Size {
  width: number;
  height: number;
}

/** A map that is hardly larger or smaller costs the same. */
const SAME = 1.2;

const sizeOf = ({ clientWidth, clientHeight }: HTMLElement): Size => ({
  width: clientWidth,
  height: clientHeight,
});
const areaOf = ({ width, height }: Size): number => width * height;

export class Sharpness {
  readonly #resolution: Resolution;
  /** Of the first picture; null once it has been drawn in the resolution found. */
  #first: number[] | null = [];
  #isWhole = false;
  #size: Size;
  /** Of the map whose frames were measured. */
  #area: number;

  /** `fullRatio`: pixels drawn for one of the style where the display can bear it. */
  constructor(
    private readonly map: MapLibreMap,
    private fullRatio: number,
    private readonly onPart: (part: number) => void,
  ) {
    this.#resolution = new Resolution(fullRatio, performance.now());
    const container = map.getContainer();
    this.#size = sizeOf(container);
    this.#area = areaOf(this.#size);
    const observer = new ResizeObserver(() => this.#fit(sizeOf(container)));
    observer.observe(container);
    map.once("remove", () => observer.disconnect());
  }

  get ratio(): number {
    return this.#resolution.part * this.fullRatio;
  }

  /** Another screen, or another scale on it: the map has the same place in the style, and another number of pixels. */
  rescale(fullRatio: number): void {
    if (fullRatio === this.fullRatio) return;
    const growth = (fullRatio / this.fullRatio) ** 2;
    this.fullRatio = fullRatio;
    const part = this.#resolution.rescaled(fullRatio, growth, performance.now());
    // Until the first picture is whole it is drawn as coarsely as it was begun.
    if (this.#first === null) this.#draw(part);
    else this.map.resize();
    this.map.redraw();
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

  #fit(size: Size): void {
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    const growth = areaOf(size) / Math.max(1, this.#area);
    if (growth < 1 / SAME || growth > SAME) this.#resized(growth, areaOf(size));
    this.map.resize();
    // At once: a canvas that has another size is empty until it is drawn.
    this.map.redraw();
  }

  #resized(growth: number, area: number): void {
    this.#area = area;
    if (this.#first !== null) {
      this.#first = [];
      this.map.setPixelRatio(this.map.getPixelRatio() / Math.sqrt(Math.max(1, growth)));
      return;
    }
    const part = this.#resolution.resized(growth, performance.now());
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
