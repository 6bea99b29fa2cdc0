// Feeds one GeoJSON source: changes are gathered by id, the newest wins, and at most one update is in flight and two a second are
// started. A busy map so gets fewer and larger updates, never a queue.
import type { GeoJSONSourceDiff } from "maplibre-gl";

import type { Change } from "../live/holdings";
import type { LiveFeature } from "../live/messages";
import { freshness, type Freshness } from "../time/age";
import { drawn, newlyAged } from "./drawn";

export const LEAST_BETWEEN_MS = 500;
/** A display that needs long for an update is asked less often, so that it has time left for what alarms. */
const MOST_BETWEEN_MS = 3000;

/** The part of MapLibre's source that is used. */
export interface DiffTarget {
  updateData(diff: GeoJSONSourceDiff): Promise<void>;
}

export interface Circumstances {
  serverNow(): number;
  timeZone(): string;
  now(): number;
  after(ms: number, run: () => void): void;
}

export class LiveSource {
  readonly #pending = new Map<string, LiveFeature | null>();
  readonly #drawnAs = new Map<string, Freshness>();
  readonly #numbers = new Map<string, readonly [number, number]>();
  #nextNumber = 1;
  #target: DiffTarget | null = null;
  #inFlight = false;
  #planned = false;
  #startedAt = -Infinity;
  #took_ms = 0;
  #emptyFirst = false;

  constructor(
    private readonly layer: string,
    private readonly around: Circumstances,
  ) {}

  take(change: Change): void {
    // Whatever is held is drawn when there is a source again.
    if (this.#target === null) return;
    for (const id of change.removed) this.#pending.set(id, null);
    for (const feature of change.placed) this.#pending.set(feature.id, feature);
    this.#plan();
  }

  /** Draws again what has aged since. */
  age(features: readonly LiveFeature[]): void {
    for (const feature of newlyAged(features, this.#drawnAs, this.around.serverNow())) {
      if (!this.#pending.has(feature.id)) this.#pending.set(feature.id, feature);
    }
    this.#plan();
  }

  /** A new, empty source (the style was changed): everything held has to be drawn again. */
  attach(target: DiffTarget | null, features: readonly LiveFeature[]): void {
    this.#target = target;
    this.#inFlight = false;
    this.#startedAt = -Infinity;
    this.#emptyFirst = true;
    this.#drawnAs.clear();
    this.#pending.clear();
    for (const feature of features) this.#pending.set(feature.id, feature);
    this.#plan();
  }

  /** Another picture takes the source, which is left empty. */
  detach(): void {
    const target = this.#target;
    this.#target = null;
    this.#drawnAs.clear();
    this.#pending.clear();
    // A source that went away with its style is empty too.
    target?.updateData({ removeAll: true }).catch(() => undefined);
  }

  #plan(): void {
    if (this.#planned || this.#inFlight || this.#target === null || this.#pending.size === 0) return;
    this.#planned = true;
    const pace = Math.min(MOST_BETWEEN_MS, Math.max(LEAST_BETWEEN_MS, 2 * this.#took_ms));
    const wait = Math.max(0, pace - (this.around.now() - this.#startedAt));
    this.around.after(wait, () => {
      this.#planned = false;
      void this.#flush();
    });
  }

  #difference(): GeoJSONSourceDiff {
    const difference: Required<Pick<GeoJSONSourceDiff, "remove" | "add">> & GeoJSONSourceDiff = {
      remove: [],
      add: [],
    };
    if (this.#emptyFirst) difference.removeAll = true;
    this.#emptyFirst = false;
    const now = this.around.serverNow();
    for (const [id, feature] of this.#pending) {
      if (this.#drawnAs.has(id)) difference.remove.push(...this.#numbersOf(id));
      this.#drawnAs.delete(id);
      const made =
        feature === null ? [] : drawn(this.layer, feature, this.#numbersOf(id), now, this.around.timeZone());
      if (feature === null || made.length === 0) {
        this.#numbers.delete(id);
        continue;
      }
      difference.add.push(...made);
      this.#drawnAs.set(id, freshness(feature, now));
    }
    this.#pending.clear();
    return difference;
  }

  #numbersOf(id: string): readonly [number, number] {
    let numbers = this.#numbers.get(id);
    if (numbers === undefined) {
      numbers = [this.#nextNumber, this.#nextNumber + 1];
      this.#nextNumber += 2;
      this.#numbers.set(id, numbers);
    }
    return numbers;
  }

  async #flush(): Promise<void> {
    const target = this.#target;
    if (target === null || this.#inFlight) return;
    this.#inFlight = true;
    this.#startedAt = this.around.now();
    try {
      await target.updateData(this.#difference());
    } catch {
      // The source went away under us, with its style; `attach` comes with the next one and draws everything.
    }
    if (this.#target !== target) return;
    this.#took_ms = this.around.now() - this.#startedAt;
    this.#inFlight = false;
    this.#plan();
  }
}
