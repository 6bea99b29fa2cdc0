// The messages of `/live`, as the wall reads them. What arrives is parsed once, here; a message of an unknown type is `null`, so a
// newer server never breaks an older wall.
import type { Geometry } from "geojson";

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

export interface LiveFeature {
  type: "Feature";
  id: string;
  geometry: Geometry | null;
  properties: Record<string, Value>;
  observed_at?: string | null;
  stale_at?: string | null;
  stale?: boolean;
}

export interface Hello {
  type: "hello";
  stream: string;
  epoch: string;
  catalog_version: string;
  tick_ms: number;
  cells: string[];
}
export interface Snapshot {
  type: "snapshot";
  layer: string;
  cell: string;
  features: LiveFeature[];
}
export interface Delta {
  type: "delta";
  layer: string;
  cell: string;
  removes: string[];
  upserts: LiveFeature[];
}
export interface Tiles {
  type: "tiles";
  layers: string[];
  tiles: [number, number, number][] | null;
}
export interface Alert {
  id: string;
  title: string;
  text: string;
  level: number;
  raised_at: string;
  layer: string | null;
  feature: string | null;
  lon: number | null;
  lat: number | null;
}
export interface AlertMessage {
  type: "alert";
  alert: Alert;
}
export interface Resync {
  type: "resync";
  reason: string;
}
export interface Tick {
  type: "tick";
  id: string;
  seq: number;
  server_time: string;
}
/** A subscription that the server refused; the one before stays in force. */
export interface RefusedMessage {
  type: "error";
  detail: string;
}
export type LiveMessage = RefusedMessage | Hello | Snapshot | Delta | Tiles | AlertMessage | Resync | Tick;

type Loose = Record<string, unknown>;

const text = (value: unknown, otherwise = ""): string =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : otherwise;
const number = (value: unknown, otherwise: number): number =>
  typeof value === "number" && Number.isFinite(value) ? value : otherwise;
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function features(value: unknown): LiveFeature[] {
  const made: LiveFeature[] = [];
  for (const item of list(value)) {
    const feature = item as Loose | null;
    if (feature === null || typeof feature !== "object" || feature["id"] === undefined) continue;
    made.push({
      ...(feature as unknown as LiveFeature),
      type: "Feature",
      id: text(feature["id"]),
      geometry: (feature["geometry"] ?? null) as Geometry | null,
      properties: (feature["properties"] ?? {}) as Record<string, Value>,
    });
  }
  return made;
}

function alert(value: unknown): Alert {
  const raw = (value ?? {}) as Loose;
  const lon = raw["lon"];
  const lat = raw["lat"];
  return {
    id: text(raw["id"], "alert"),
    title: text(raw["title"], "Alert"),
    text: text(raw["text"]),
    level: Math.min(3, Math.max(1, number(raw["level"], 2))),
    raised_at: text(raw["raised_at"]),
    layer: typeof raw["layer"] === "string" ? raw["layer"] : null,
    feature: raw["feature"] === undefined || raw["feature"] === null ? null : text(raw["feature"]),
    lon: typeof lon === "number" ? lon : null,
    lat: typeof lat === "number" ? lat : null,
  };
}

function tiles(value: unknown): [number, number, number][] | null {
  if (!Array.isArray(value)) return null;
  return value.filter((tile): tile is [number, number, number] => Array.isArray(tile) && tile.length === 3);
}

function read(raw: Loose): LiveMessage | null {
  const layer = text(raw["layer"]);
  const cell = text(raw["cell"], "*");
  switch (raw["type"]) {
    case "hello":
      return {
        type: "hello",
        stream: text(raw["stream"]),
        epoch: text(raw["epoch"]),
        catalog_version: text(raw["catalog_version"]),
        tick_ms: number(raw["tick_ms"], 1000),
        cells: list(raw["cells"]).map((value) => text(value)),
      };
    case "snapshot":
      return { type: "snapshot", layer, cell, features: features(raw["features"]) };
    case "delta":
      return {
        type: "delta",
        layer,
        cell,
        removes: list(raw["removes"]).map((value) => text(value)),
        upserts: features(raw["upserts"]),
      };
    case "tiles":
      return {
        type: "tiles",
        layers: list(raw["layers"]).map((value) => text(value)),
        tiles: tiles(raw["tiles"]),
      };
    case "alert":
      return { type: "alert", alert: alert(raw["alert"]) };
    case "error":
      return { type: "error", detail: text(raw["detail"]) };
    case "resync":
      return { type: "resync", reason: text(raw["reason"]) };
    case "tick":
      return {
        type: "tick",
        id: text(raw["id"]),
        seq: number(raw["seq"], 0),
        server_time: text(raw["server_time"]),
      };
    default:
      return null;
  }
}

/** One frame of the socket: a single message, or an array of them. Text that is no JSON gives nothing. */
export function parseFrame(frame: string): LiveMessage[] {
  let raw: unknown;
  try {
    raw = JSON.parse(frame);
  } catch {
    return [];
  }
  const messages: LiveMessage[] = [];
  for (const item of Array.isArray(raw) ? raw : [raw]) {
    if (typeof item !== "object" || item === null) continue;
    const message = read(item as Loose);
    if (message !== null) messages.push(message);
  }
  return messages;
}
