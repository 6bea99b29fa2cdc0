// The address of a wall carries what it shows: `/wall/A?scene=downtown&layers=units,cameras&style=night&scale=1.5&cycle=1` and, once
// somebody moved the map, `at=lon,lat,zoom[,bearing,pitch]`; for one of several displays `cell=2,1` (see `part.ts`); in a replay also `replay=2026-03-01T04:14:05Z`. Pure: text in, text out.

import { readPart, writePart, type Part } from "./part";
import { readQuiet, readVolume, writeQuiet, type AskedSound } from "../sound/settings";

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
  /** For how many seconds an alarm gets the inset; 0 is never. */
  focus_s: number | null;
  sound: AskedSound;
  at: MapPose | null;
  /** Which part of the view this display shows; null for all of it. */
  part: Part | null;
  /** The instant of a replay, to the second. */
  replay: string | null;
}

const between = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, value));

export function readPose(text: string | null): MapPose | null {
  if (text === null) return null;
  const [lon, lat, zoom, bearing = 0, pitch = 0] = text.split(",").map(Number);
  if (lon === undefined || lat === undefined || zoom === undefined) return null;
  if (![lon, lat, zoom, bearing, pitch].every(Number.isFinite)) return null;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 85) return null;
  return { center: [lon, lat], zoom: between(0, zoom, 22), bearing, pitch: between(0, pitch, 60) };
}

export const SMALLEST_SCALE = 0.5;
export const LARGEST_SCALE = 4;

function readScale(text: string | null): number | null {
  const scale = Number(text ?? "");
  return scale >= SMALLEST_SCALE && scale <= LARGEST_SCALE ? scale : null;
}

export function readInstant(text: string | null): string | null {
  return text !== null && /^\d{4}-\d\d-\d\dT[\d:]{8}Z$/.test(text) && !Number.isNaN(Date.parse(text))
    ? text
    : null;
}

export const MOST_FOCUS_S = 3600;

export function readFocus(text: string | null): number | null {
  if (text === "off") return 0;
  const seconds = Number(text ?? "x");
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(MOST_FOCUS_S, seconds) : null;
}

const readSwitch = (text: string | null): boolean | null =>
  text === "on" ? true : text === "off" ? false : null;

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
    focus_s: readFocus(query.get("focus")),
    sound: {
      on: readSwitch(query.get("sound")),
      volume: readVolume(query.get("volume")),
      quiet: readQuiet(query.get("quiet")),
    },
    at: readPose(query.get("at")),
    part: readPart(query),
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
  if (address.focus_s !== null) add("focus", address.focus_s === 0 ? "off" : String(address.focus_s));
  const { on, volume, quiet } = address.sound;
  if (on !== null) add("sound", on ? "on" : "off");
  if (volume !== null) add("volume", String(Math.round(volume * 100)));
  if (quiet !== null) parts.push(`quiet=${writeQuiet(quiet)}`);
  if (address.part !== null) parts.push(...writePart(address.part));
  if (address.at !== null) add("at", poseText(address.at));
  if (address.replay !== null) add("replay", address.replay);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
