// Looking at something: asks the server for the feature, for the nearest cameras and for those that see the point, and draws the
// lines of sight. Answers that come after somebody looked elsewhere are thrown away.
import type { Position } from "geojson";

import type { LiveFeature } from "./live/messages";
import { anchorOf } from "./map/anchor";
import { pair, selectionFeatures } from "./map/selection-features";
import type { Stage } from "./map/stage";
import { trailPositions } from "./map/trail";
import type { Picture } from "./picture";
import { secondText } from "./replay/ask";
import { askFeature, askNear, askSeeing } from "./server/ask";
import type { Found } from "./server/shapes";
import type { Answer, Selected, Wall } from "./state/wall.svelte";

export interface Wanted {
  layer: string | null;
  id: string | null;
  at: [number, number] | null;
  feature?: LiveFeature | null;
}

const COMING: Answer<Found[]> = { is: "coming" };
const NOWHERE: Answer<Found[]> = { is: "refused", why: "This has no location." };
const NEAREST = 4;
const MOST_SEEING = 6;
const NOT_THEN: Answer<Found[]> = { is: "refused", why: "Cameras show the present; this is a replay." };

const reason = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : "The server did not answer.";

export class Looking {
  #asked: AbortController | null = null;
  #trail: Position[] = [];

  constructor(
    private readonly wall: Wall,
    private readonly picture: Pick<Picture, "feature">,
    private readonly stage: Stage,
  ) {}

  at(wanted: Wanted): void {
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    this.#trail = [];
    const { layer, id } = wanted;
    const held = layer !== null && id !== null ? this.picture.feature(layer, id) : undefined;
    const feature = held ?? wanted.feature ?? null;
    const at = wanted.at ?? pair(anchorOf(feature?.geometry ?? null));
    const past = this.wall.replay !== null;
    const cameras = at === null ? NOWHERE : past ? NOT_THEN : COMING;
    this.wall.selected = {
      key: layer === null || id === null ? "place" : `${layer}/${id}`,
      layer,
      id,
      at,
      feature,
      near: cameras,
      seeing: cameras,
      camera: layer === "cameras" && !past ? id : null,
    };
    if (at !== null && !past) void this.#askCameras(at, asked.signal);
    if (layer !== null && id !== null && layer !== "alert") void this.#askWhole(layer, id, asked.signal);
    this.draw();
  }

  has(layer: string, id: string): boolean {
    return this.picture.feature(layer, id) !== undefined;
  }

  /** Where the picture that is shown has it; null where it has not, or has it nowhere. */
  place(layer: string, id: string): [number, number] | null {
    return pair(anchorOf(this.picture.feature(layer, id)?.geometry ?? null));
  }

  nothing(): void {
    this.#asked?.abort();
    this.#asked = null;
    this.#trail = [];
    this.wall.selected = null;
    this.draw();
  }

  /** The selected feature has changed in the live picture. */
  moved(layer: string, feature: LiveFeature): void {
    const selected = this.wall.selected;
    if (selected?.layer !== layer || selected.id !== feature.id) return;
    this.wall.selected = {
      ...selected,
      feature: { ...feature, properties: { ...selected.feature?.properties, ...feature.properties } },
      at: pair(anchorOf(feature.geometry)) ?? selected.at,
    };
    this.draw();
  }

  async #askCameras(at: [number, number], signal: AbortSignal): Promise<void> {
    const settle = async (name: "near" | "seeing", asking: Promise<{ features: Found[] }>): Promise<void> => {
      let answer: Answer<Found[]>;
      try {
        answer = { is: "here", value: (await asking).features };
      } catch (error) {
        answer = { is: "refused", why: reason(error) };
      }
      if (!signal.aborted) this.#answered(name, answer);
    };
    await Promise.all([settle("near", askNear(...at, signal)), settle("seeing", askSeeing(...at, signal))]);
  }

  #answered(name: "near" | "seeing", answer: Answer<Found[]>): void {
    const selected = this.wall.selected;
    if (selected === null) return;
    const most = name === "near" ? NEAREST : MOST_SEEING;
    const limited: Answer<Found[]> =
      answer.is === "here" ? { is: "here", value: others(answer.value, selected).slice(0, most) } : answer;
    const answered: Selected = { ...selected, [name]: limited };
    this.wall.selected = { ...answered, camera: selected.camera ?? firstCamera(answered) };
    this.draw();
  }

  async #askWhole(layer: string, id: string, signal: AbortSignal): Promise<void> {
    try {
      const then = this.wall.replay === null ? null : secondText(this.wall.replay.at);
      const whole = await askFeature(layer, id, then, signal);
      const selected = this.wall.selected;
      if (signal.aborted || selected === null) return;
      const live = this.picture.feature(layer, id);
      this.#trail = trailPositions(whole.trail);
      this.wall.selected = {
        ...selected,
        feature: this.wall.liveLayers.includes(layer) && live !== undefined ? live : stored(whole, id),
        at: selected.at ?? pair(anchorOf(whole.geometry)),
      };
      this.draw();
    } catch {
      // What the wall already holds is shown; the feature may be gone by now.
    }
  }

  /** Draws the selection on the map; also after the map has lost it with its style. */
  draw(): void {
    const selected = this.wall.selected;
    this.stage.select(selected?.at == null ? [] : selectionFeatures(selected, selected.at, this.#trail));
  }
}

/** A camera is not listed among the cameras that see it. */
const others = (cameras: Found[], { layer, id }: Selected): Found[] =>
  layer === "cameras" ? cameras.filter((camera) => String(camera.id) !== id) : cameras;

function stored(whole: Found, id: string): LiveFeature {
  return { ...whole, type: "Feature", id, geometry: whole.geometry, properties: whole.properties };
}

/** The one whose picture is shown: the best that sees the point, else the nearest; not before both are known. */
function firstCamera({ seeing, near }: Selected): string | null {
  if (seeing.is === "coming" || near.is === "coming") return null;
  const both = [seeing, near].flatMap((answer) => (answer.is === "here" ? answer.value : []));
  const id = both[0]?.id;
  return id === undefined ? null : String(id);
}
