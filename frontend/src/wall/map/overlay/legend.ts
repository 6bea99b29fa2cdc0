// The drawings of the whole catalog by layer name.
import type { Drawing } from "../drawing";
import { perimeters, warnings } from "./areas";
import { cameras, coverage } from "./cameras";
import { alprHits, blockages, incidents } from "./events";
import { units } from "./moving";
import { otherLayer } from "./other";
import { closures, hazards, sites } from "./places";
import { alprReads } from "./reads";

/** Whatever the catalog has beside these is drawn plainly; what it has not is drawn by none of them. */
export const DRAWINGS: Readonly<Record<string, Drawing>> = {
  cameras,
  coverage,
  incidents,
  alpr_hits: alprHits,
  alpr_reads: alprReads,
  blockages,
  units,
  perimeters,
  sites,
  closures,
  warnings,
  hazards,
};

export const drawingOf = (layer: string): Drawing => DRAWINGS[layer] ?? otherLayer(layer);

/** The image that stands for one feature in lists, the same as on the map. */
export function iconOf(layer: string, properties: Readonly<Record<string, unknown>>): string {
  const drawing = drawingOf(layer);
  return drawing.iconOf?.(properties) ?? drawing.icon;
}
