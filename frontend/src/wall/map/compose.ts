// Puts the style of the wall together: the basemap as the server gives it, then a source and the drawing of every catalog layer.
import type {
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
  VectorSourceSpecification,
} from "maplibre-gl";

import { dataColours } from "../../look/palette";
import type { CatalogLayer, Ground, TileSet } from "../server/shapes";
import type { Theme } from "../view/address";
import { sourceOf, type Drawn } from "./drawing";
import { countCells } from "./overlay/areas";
import { drawingOf } from "./overlay/legend";
import { selectionLayers, selectionRing, SELECTION_SOURCE } from "./overlay/selection";

const EMPTY = { type: "FeatureCollection" as const, features: [] };

/** The style, and which of its layers belong to which catalog layer. */
export interface Composed {
  style: StyleSpecification;
  owned: Map<string, string[]>;
}

/** The ground alone, for a server that cannot give its style just now: data on black beats no wall. */
export function bareStyle(theme: Theme): StyleSpecification {
  const background = theme === "night" ? "#0B0F14" : "#EDF0F2";
  return {
    version: 8,
    sources: {},
    layers: [{ id: "ground", type: "background", paint: { "background-color": background } }],
  };
}

const absolute = (url: string, origin: string): string => (url.startsWith("/") ? `${origin}${url}` : url);

/** The source with its tiles named in it, so that MapLibre has nothing to ask for before the tiles themselves. */
function located(source: SourceSpecification, basemap: TileSet | null, origin: string): SourceSpecification {
  if (source.type !== "vector" || source.url === undefined) return source;
  const { url, ...rest } = source;
  const { pathname } = new URL(url, origin);
  if (basemap === null || pathname !== "/tiles/basemap") return { ...source, url: absolute(url, origin) };
  const { tiles, minzoom, maxzoom, attribution } = basemap;
  return { ...rest, tiles, minzoom, maxzoom, attribution };
}

/** MapLibre resolves no relative address in a style. */
function withAddresses(
  style: StyleSpecification,
  basemap: TileSet | null,
  origin: string,
): StyleSpecification {
  const sources: Record<string, SourceSpecification> = {};
  for (const [name, source] of Object.entries(style.sources)) {
    sources[name] = located(source, basemap, origin);
  }
  const sprite = typeof style.sprite === "string" ? { sprite: absolute(style.sprite, origin) } : {};
  return { ...style, ...sprite, sources };
}

function ownedBy(
  drawings: readonly Drawn[],
  source: string,
  sourceLayer: string | null,
  shown: boolean,
): LayerSpecification[] {
  return drawings.map((drawing) => {
    const layout = { ...("layout" in drawing ? drawing.layout : {}), visibility: shown ? "visible" : "none" };
    return {
      ...drawing,
      source,
      ...(sourceLayer === null ? {} : { "source-layer": sourceLayer }),
      layout,
    } as LayerSpecification;
  });
}

function drawLayer(layer: CatalogLayer, theme: Theme, shown: boolean): LayerSpecification[] {
  const colours = dataColours(theme);
  const source = sourceOf(layer.name);
  const drawings = drawingOf(layer.name).layers(colours);
  if (layer.wall.live) return ownedBy(drawings, source, null, shown);
  return [
    ...ownedBy(countCells(layer.name, colours), source, `${layer.name}_cells`, shown),
    ...ownedBy(drawings, source, layer.name, shown),
  ];
}

function sourceFor(layer: CatalogLayer, origin: string): SourceSpecification {
  if (layer.wall.live) return { type: "geojson", data: EMPTY, maxzoom: 20 };
  const tiled: VectorSourceSpecification = {
    type: "vector",
    tiles: [`${origin}/tiles/${encodeURIComponent(layer.name)}/{z}/{x}/{y}`],
    minzoom: layer.zooms[0],
    maxzoom: layer.zooms[1],
    promoteId: "id",
  };
  return tiled;
}

const hasShape = (layer: CatalogLayer): boolean => layer.geometry.some((kind) => kind !== "none");

/** The catalog layers that can be drawn, lowest first. */
export function drawable(catalog: readonly CatalogLayer[]): CatalogLayer[] {
  return catalog
    .filter((layer) => layer.name !== "cells" && hasShape(layer))
    .sort((a, b) => drawingOf(a.name).rank - drawingOf(b.name).rank);
}

/** Symbols are two layers, so that every name gives way to every symbol, and not only to those above it. */
function parted(layer: LayerSpecification): LayerSpecification[] {
  const layout = layer.type === "symbol" ? layer.layout : undefined;
  if (layer.type !== "symbol" || layout?.["text-field"] === undefined || layout["icon-image"] === undefined)
    return [layer];
  const of = (prefix: string): typeof layout =>
    Object.fromEntries(Object.entries(layout).filter(([name]) => !name.startsWith(prefix)));
  return [
    { ...layer, id: `${layer.id}${NAME}`, layout: of("icon-") },
    { ...layer, layout: of("text-") },
  ];
}

const NAME = "-name";
/** Lines and areas lie under names, and names under symbols. */
const height = (layer: LayerSpecification): number =>
  layer.type !== "symbol" ? 0 : layer.layout?.["icon-image"] === undefined ? 1 : 2;

export function compose(
  ground: Ground | null,
  theme: Theme,
  catalog: readonly CatalogLayer[],
  shown: ReadonlySet<string>,
  origin: string,
): Composed {
  const style = withAddresses(ground?.style ?? bareStyle(theme), ground?.basemap ?? null, origin);
  const owned = new Map<string, string[]>();
  const layers: LayerSpecification[] = [...style.layers];
  const sources: Record<string, SourceSpecification> = {
    ...style.sources,
    [SELECTION_SOURCE]: { type: "geojson", data: EMPTY },
  };
  const data: LayerSpecification[] = [];
  for (const layer of drawable(catalog)) {
    const made = drawLayer(layer, theme, shown.has(layer.name)).flatMap(parted);
    sources[sourceOf(layer.name)] = sourceFor(layer, origin);
    owned.set(
      layer.name,
      made.map((one) => one.id),
    );
    data.push(...made);
  }
  data.push(selectionRing(dataColours(theme)));
  layers.push(...data.sort((a, b) => height(a) - height(b)));
  layers.push(...selectionLayers(dataColours(theme)));
  return { style: { ...style, sources, layers }, owned };
}
