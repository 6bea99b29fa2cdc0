// The address of a wall carries what it shows: `/wall/A?scene=downtown&layers=units,cameras&style=night&scale=1.5&cycle=1` and, once
// somebody moved the map, `at=lon,lat,zoom[,bearing,pitch]`; in a replay also `replay=2026-03-01T04:14:05Z`. Pure: text in, text out.

export type Theme = "night" | "day";

export interface MapPose {
  center: [number, number];
  zoom: number;
  bearing: number;
  pitch: number;
}

export interface Address {
  wall: string | null;
  scene: string | null;
  layers: string[] | null;
  style: Theme | null;
  scale: number | null;
  cycle: boolean;
  at: MapPose | null;
  /** The instant of a replay, to the second. */
  replay: string | null;
}

const between = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, value));

function readPose(text: string | null): MapPose | null {
  if (text === null) return null;
  const [lon, lat, zoom, bearing = 0, pitch = 0] = text.split(",").map(Number);
  if (lon === undefined || lat === undefined || zoom === undefined) return null;
  if (![lon, lat, zoom, bearing, pitch].every(Number.isFinite)) return null;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 85) return null;
  return { center: [lon, lat], zoom: between(0, zoom, 22), bearing, pitch: between(0, pitch, 60) };
}

function readScale(text: string | null): number | null {
  const scale = Number(text ?? "");
  return Number.isFinite(scale) && scale > 0 ? between(0.5, scale, 4) : null;
}

function readInstant(text: string | null): string | null {
  return text !== null && /^\d{4}-\d\d-\d\dT[\d:]{8}Z$/.test(text) && !Number.isNaN(Date.parse(text))
    ? text
    : null;
}

/** Whatever makes no sense is left out, so that a mistyped address still opens a wall. */
export function readAddress(pathname: string, search: string): Address {
  const query = new URLSearchParams(search);
  const style = query.get("style");
  const layers = query.get("layers");
  const name = /^\/wall\/([^/]+)\/?$/.exec(pathname)?.[1];
  return {
    wall: name === undefined ? null : decodeName(name),
    scene: query.get("scene"),
    layers: layers === null ? null : layers.split(",").filter((layer) => layer !== ""),
    style: style === "night" || style === "day" ? style : null,
    scale: readScale(query.get("scale")),
    cycle: query.get("cycle") === "1",
    at: readPose(query.get("at")),
    replay: readInstant(query.get("replay")),
  };
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const rounded = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

function poseText(pose: MapPose): string {
  const parts = [rounded(pose.center[0], 5), rounded(pose.center[1], 5), rounded(pose.zoom, 2)];
  if (pose.bearing !== 0 || pose.pitch !== 0) parts.push(rounded(pose.bearing, 1), rounded(pose.pitch, 1));
  return parts.join(",");
}

/** The query for an address, with a leading `?` unless empty. Commas stay readable. */
export function writeQuery(address: Omit<Address, "wall">): string {
  const parts: string[] = [];
  const add = (name: string, value: string): number =>
    parts.push(`${name}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":")}`);
  if (address.scene !== null) add("scene", address.scene);
  if (address.layers !== null) add("layers", address.layers.join(","));
  if (address.style !== null) add("style", address.style);
  if (address.scale !== null) add("scale", String(address.scale));
  if (address.cycle) add("cycle", "1");
  if (address.at !== null) add("at", poseText(address.at));
  if (address.replay !== null) add("replay", address.replay);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
