// What of a style comes with the first picture: ground and streets in plain colour, and the symbols of what lives. A display without a
// graphics processor compiles a program for every other way of drawing (hatches, dashes, halos, names), and each costs it as much as
// the whole street grid; they follow at once, when there is something to look at. Pure.
import type { LayerSpecification, StyleSpecification } from "maplibre-gl";

import { sourceOf } from "./drawing";

const COSTLY = ["fill-pattern", "line-pattern", "line-dasharray"];

function comesFirst(layer: LayerSpecification, sources: StyleSpecification["sources"]): boolean {
  if (layer.type === "background") return true;
  if (!("source" in layer) || typeof layer.source !== "string") return false;
  const isGround = !layer.source.startsWith(sourceOf(""));
  // What lives is held here, and so no source of tiles.
  if (!isGround && sources[layer.source]?.type === "geojson")
    return layer.type === "symbol" && layer.layout?.["icon-image"] !== undefined;
  const plain = !COSTLY.some((name) => name in (layer.paint ?? {}));
  return isGround && plain && (layer.type === "fill" || layer.type === "line");
}

/** The style with all else hidden, and the names of the layers that were visible and are to follow. */
export function firstStyle(style: StyleSpecification): { style: StyleSpecification; later: string[] } {
  const later: string[] = [];
  const layers = style.layers.map((layer): LayerSpecification => {
    if (comesFirst(layer, style.sources) || layer.layout?.visibility === "none") return layer;
    later.push(layer.id);
    return { ...layer, layout: { ...layer.layout, visibility: "none" } };
  });
  return { style: { ...style, layers }, later };
}
