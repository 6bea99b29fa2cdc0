// What the details say about a feature: a title, its fields in words, and a camera's line in a list. Pure.
import { maskedPlate } from "./alerts/plate";
import type { LiveFeature, Value } from "./live/messages";
import type { CatalogLayer, Found } from "./server/shapes";
import { ageText, freshness, instant } from "./time/age";
import { shortTime } from "./time/clock";
import { sentence } from "./words";

export interface Line {
  name: string;
  value: string;
}

const PLATE = "plate";
export const hasPlate = (feature: LiveFeature | null): boolean =>
  typeof feature?.properties[PLATE] === "string" && feature.properties[PLATE] !== "";

const TITLES = [
  "name",
  "call_sign",
  "type",
  "reason",
  "event",
  "headline",
  "intersection",
  "intersection_name",
  "road",
  "caution",
  "source",
];
/** Said elsewhere on the panel, or nothing that helps anybody. */
const NOT_LISTED = ["id", "feed", "view_only", "label", "layer", "freshness"];

export function titleOf(feature: LiveFeature | null, layer: string | null): string {
  if (feature === null) return layer === null ? "This place" : sentence(layer);
  for (const name of TITLES) {
    const value = feature.properties[name];
    if (typeof value === "string" && value.trim() !== "") return sentence(value);
  }
  return feature.id;
}

/** Where it is, as far as it says so itself. */
export function placeOf(feature: LiveFeature | null): string {
  for (const name of ["address", "intersection"]) {
    const value = feature?.properties[name];
    if (typeof value === "string" && value.trim() !== "") return value;
  }
  return "";
}

const SAID_OTHERWISE: Record<string, string> = { Cad: "CAD number", Fov: "Field of view" };

function fieldName(name: string): string {
  const unit = /^(.*)_(deg|m|mps|s)$/.exec(name);
  const words = sentence((unit?.[1] ?? name).replace(/_at$/, "").replace(/_id$/, ""));
  return SAID_OTHERWISE[words] ?? words;
}

const UNITS: Record<string, string> = { deg: "°", m: " m", mps: " m/s", s: " s" };

function fieldText(name: string, value: Value, type: string | undefined, timeZone: string): string | null {
  if (value === null || value === "") return null;
  if (name === PLATE) return typeof value === "string" ? maskedPlate(value) : null;
  if (name === "confidence" && typeof value === "number") return `${Math.round(value * 100)} %`;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? null : value.map((item) => wordOf(item)).join(", ");
  if (typeof value === "object") return null;
  const time = type === "time" || name.endsWith("_at") ? instantOf(value) : null;
  if (time !== null) return shortTime(time, timeZone);
  const unit = UNITS[/_(deg|m|mps|s)$/.exec(name)?.[1] ?? ""] ?? "";
  if (typeof value === "number") return `${Number(value.toFixed(unit === "" ? 2 : 0))}${unit}`;
  return CODED.test(name) ? sentence(value) : value;
}

/** Fields that hold one of a few codes. */
const CODED = /^(.*_)?(status|type|kind|discipline|cause|reason|category|state|severity|urgency|certainty)$/;

const wordOf = (item: Value): string => (typeof item === "object" ? JSON.stringify(item) : String(item));
const instantOf = (value: string | number): number | null =>
  typeof value === "number" ? value : instant(value);

/** Plates are masked; `plateOpen` shows this one in full. */
export function fieldLines(
  feature: LiveFeature | null,
  catalog: CatalogLayer | undefined,
  timeZone: string,
  plateOpen = false,
): Line[] {
  if (feature === null) return [];
  const order = Object.keys(catalog?.fields ?? {});
  const names = Object.keys(feature.properties).filter((name) => !NOT_LISTED.includes(name));
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const lines: Line[] = [];
  for (const name of names.sort((a, b) => rank(a) - rank(b))) {
    const given = feature.properties[name] ?? null;
    const open = plateOpen && name === PLATE && typeof given === "string";
    const value = open ? given : fieldText(name, given, catalog?.fields[name]?.type, timeZone);
    if (value !== null) lines.push({ name: fieldName(name), value });
  }
  return lines;
}

/** `observed 12 s ago`, `STALE, observed 3 min ago`. */
export function ageLine(feature: LiveFeature | null, now: number): string {
  const seen = instant(feature?.observed_at);
  if (feature === null || seen === null) return "";
  const said = `observed ${ageText((now - seen) / 1000)} ago`;
  return freshness(feature, now) === "stale" ? `STALE, ${said}` : said;
}

const WINDS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
export const wind = (bearing_deg: number): string =>
  WINDS[Math.round((((bearing_deg % 360) + 360) % 360) / 45) % 8] ?? "N";

export interface CameraLine {
  id: string;
  name: string;
  far: string;
  why: string;
  /** Where it looks, `looks SW`; empty where that is not known or all around. */
  facing: string;
  registered: boolean;
}

/** Where a camera with these properties looks. */
export function facing({ heading_deg, fov_deg }: Record<string, Value>): string {
  if (typeof heading_deg !== "number" || fov_deg === 360) return "";
  return `looks ${wind(heading_deg)}`;
}

export function cameraLine(camera: Found): CameraLine {
  const { name, why, distance_m, bearing_deg, owner_kind } = camera.properties;
  const id = String(camera.id ?? "");
  const parts: string[] = [];
  if (typeof distance_m === "number") {
    parts.push(distance_m < 1000 ? `${Math.round(distance_m)} m` : `${(distance_m / 1000).toFixed(1)} km`);
  }
  if (typeof bearing_deg === "number") parts.push(wind(bearing_deg));
  return {
    id,
    name: typeof name === "string" && name !== "" ? name : id,
    far: parts.join(" "),
    why: typeof why === "string" ? why : "",
    facing: facing(camera.properties),
    registered: owner_kind === "registered",
  };
}
