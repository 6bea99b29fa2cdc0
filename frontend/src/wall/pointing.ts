// What somebody looks at: a card of the rail, a feature or a bare place of the map, something found; and the way back to where the map
// was before.
import type { Card } from "./alerts/rail";
import type { Looking, Wanted } from "./looking";
import { anchorOf } from "./map/anchor";
import type { Picked, Stage } from "./map/stage";
import type { Found } from "./server/shapes";
import type { Wall } from "./state/wall.svelte";
import type { MapPose } from "./view/address";

/** How near to look: at a blocked junction its legs must be seen. */
export const closeLookZoom = (layer: string | null): number => (layer === "blockages" ? 16.2 : 15);
/** Width that the details cover, in px of the map. */
const DETAILS_PX = 500;
/** Width that the inset covers on the other side, with the tools. */
const INSET_PX = 524;

const placeOf = ([lon, lat]: readonly (number | undefined)[]): [number, number] | null =>
  lon === undefined || lat === undefined ? null : [lon, lat];

export class Pointing {
  #before: MapPose | null = null;
  #stepped: string | null = null;

  constructor(
    private readonly wall: Wall,
    private readonly stage: Stage,
    private readonly looking: Looking,
  ) {}

  /** Somebody went elsewhere on purpose: there is no way back to before. */
  stay(): void {
    this.#before = null;
  }

  stepAlert(step: 1 | -1): void {
    const { cards, currentCard } = this.wall;
    if (cards.length === 0) return;
    const at = cards.findIndex((card) => card.key === currentCard);
    const next = at < 0 ? (step === 1 ? 0 : cards.length - 1) : (at + step + cards.length) % cards.length;
    this.wall.currentCard = cards[next]?.key ?? null;
    if (this.wall.selected !== null) this.openCard(cards[next]);
  }

  /** Goes through what is on the map, nearest to the middle first. */
  stepFeature(step: 1 | -1): void {
    const inView = this.stage.inView();
    if (inView.length === 0) return;
    const at = inView.findIndex((picked) => `${picked.layer}/${picked.id}` === this.#stepped);
    const next = inView[at < 0 ? 0 : (at + step + inView.length) % inView.length];
    if (next === undefined) return;
    this.#stepped = `${next.layer}/${next.id}`;
    this.#look({ layer: next.layer, id: next.id, at: next.at }, false);
  }

  details(): void {
    const card = this.wall.cards.find((one) => one.key === this.wall.currentCard);
    if (card !== undefined && !this.wall.reticle) return this.openCard(card);
    this.picked(this.stage.pickMiddle(), this.stage.middlePlace);
  }

  openCard(card: Card | undefined): void {
    if (card === undefined) return;
    this.wall.currentCard = card.key;
    this.#look({ layer: card.layer, id: card.id, at: placeOf(card.at ?? []) }, true);
  }

  openFound(found: Found): void {
    const layer = found.properties["layer"];
    const known = typeof layer === "string" && found.id !== undefined;
    this.wall.panel = "none";
    // In a replay it is looked for where it was then, not where the search saw it.
    const then = known ? this.looking.place(layer, String(found.id)) : null;
    const at = placeOf((this.wall.replay === null ? null : then) ?? anchorOf(found.geometry) ?? []);
    this.#look({ layer: known ? layer : null, id: known ? String(found.id) : null, at }, true);
  }

  /** Whether what is shown, of now or of another time, has this feature. */
  holds(layer: string, id: string): boolean {
    return this.looking.has(layer, id);
  }

  picked(picked: Picked | null, at: [number, number]): void {
    if (picked === null) this.#look({ layer: null, id: null, at }, false);
    else this.#look({ layer: picked.layer, id: picked.id, at: picked.at }, false);
  }

  close(): void {
    this.wall.plateOpen = null;
    this.looking.nothing();
    if (this.#before !== null) this.stage.go(this.#before);
    this.#before = null;
  }

  /** In full until something else is looked at, and only for those who may know it; others never got it. */
  openPlate(): void {
    const { selected, plateOpen, mayOpenPlates } = this.wall;
    if (selected === null || !mayOpenPlates) return;
    this.wall.plateOpen = plateOpen === selected.key ? null : selected.key;
  }

  #look(wanted: Wanted, comeNear: boolean): void {
    this.wall.plateOpen = null;
    this.looking.at(wanted);
    const at = this.wall.selected?.at ?? null;
    this.#standAside(comeNear ? null : at);
    if (at === null || !comeNear) return;
    this.#before ??= this.stage.pose;
    const zoom = Math.max(this.stage.pose.zoom, closeLookZoom(wanted.layer));
    const covered = DETAILS_PX - (this.wall.focus === null ? 0 : INSET_PX);
    this.stage.go({ center: at, zoom }, [covered / 2, 0]);
  }

  #standAside(at: [number, number] | null): void {
    this.wall.detailsOnRight = at !== null && this.stage.isLeftOf(at, DETAILS_PX + 60);
  }
}
