// From a live feature to what the map source gets: plain properties, the id for clicks, how fresh it is, and for a line or
// an area also a point to put the symbol on. Pure.
import type { Feature } from "geojson";

import { stands } from "../blockages";
import type { LiveFeature, Value } from "../live/messages";
import { freshness, instant, type Freshness } from "../time/age";
import { shortTime } from "../time/clock";
import { sentence } from "../words";
import { anchorOf } from "./anchor";
import { PLACES_BESIDE } from "./overlay/moving";

const ON_SCENE = ["on_scene", "on scene", "arrived", "at_scene"];

/** The same place beside what it attends for the same unit, whatever it attends. */
function placeBeside(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % PLACES_BESIDE;
}

function plain(properties: Record<string, Value>): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      kept[name] = value;
  }
  return kept;
}

/** `Congress & Stone · 3 legs · since 21:04`, as far as it is known. */
function blockageLabel(feature: LiveFeature, timeZone: string): string {
  const { properties, geometry } = feature;
  const parts: string[] = [];
  const name = properties["intersection"] ?? properties["intersection_name"] ?? properties["name"];
  if (typeof name === "string") parts.push(name);
  const legs =
    properties["legs"] ?? (geometry?.type === "MultiLineString" ? geometry.coordinates.length : null);
  if (typeof legs === "number") parts.push(`${legs} ${legs === 1 ? "leg" : "legs"}`);
  const started = properties["started_at"];
  const since = instant(typeof started === "string" ? started : feature.observed_at);
  if (since !== null) parts.push(`since ${shortTime(since, timeZone).slice(0, 5)}`);
  return parts.join("\n");
}

function labelOf(layer: string, feature: LiveFeature, timeZone: string): string {
  if (layer === "blockages") return blockageLabel(feature, timeZone);
  const code =
    feature.properties[layer === "incidents" ? "type" : layer === "alpr_hits" ? "reason" : "label"];
  return typeof code === "string" ? sentence(code) : "";
}

/**
 * The features for the source, under the numbers given: the feature itself, and its symbol's point where it is no point. Numbers,
 * because MapLibre draws features with text ids but never finds them again.
 */
export function drawn(
  layer: string,
  feature: LiveFeature,
  [own, ofAnchor]: readonly [number, number],
  serverNow: number,
  timeZone: string,
): Feature[] {
  if (feature.geometry === null) return [];
  const properties: Record<string, string | number | boolean> = {
    ...plain(feature.properties),
    id: feature.id,
    layer,
    freshness: freshness(feature, serverNow),
  };
  const label = labelOf(layer, feature, timeZone);
  if (label !== "") properties["label"] = label;
  if (layer === "units" && ON_SCENE.some((one) => one === feature.properties["status"])) {
    properties["beside"] = placeBeside(feature.id);
  }
  const made: Feature[] = [{ type: "Feature", id: own, geometry: feature.geometry, properties }];
  const hasSymbol = !feature.geometry.type.includes("Point") && stands(feature);
  const anchor = hasSymbol ? anchorOf(feature.geometry) : null;
  if (anchor !== null) {
    made.push({
      type: "Feature",
      id: ofAnchor,
      geometry: { type: "Point", coordinates: anchor },
      properties,
    });
  }
  return made;
}

/** Which of the features look older by now than when they were last drawn. */
export function newlyAged(
  features: readonly LiveFeature[],
  drawnAs: Map<string, Freshness>,
  serverNow: number,
): LiveFeature[] {
  return features.filter((feature) => {
    const before = drawnAs.get(feature.id);
    return before !== undefined && before !== freshness(feature, serverNow);
  });
}
