// How a display sounds: on or off, how loud, and in which hours not at all. Kept on the display itself; an address overrides it. Pure.
import { clockFace } from "../time/clock";

/** Minutes after midnight; `from` later than `to` spans midnight. */
export interface QuietHours {
  from_min: number;
  to_min: number;
}
export interface SoundSettings {
  on: boolean;
  /** 0 to 1. */
  volume: number;
  quiet: QuietHours | null;
}
/** What an address says of them; null where it says nothing. */
export interface AskedSound {
  on: boolean | null;
  volume: number | null;
  quiet: QuietHours | null;
}

export const NOT_ASKED: AskedSound = { on: null, volume: null, quiet: null };
/** Silent until somebody wants it: a browser lets no page sound unasked anyway. */
export const AT_FIRST: SoundSettings = { on: false, volume: 0.6, quiet: null };

const DAY_MIN = 24 * 60;

export function minutesOf(text: string): number | null {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return hours === undefined || minutes === undefined ? null : Number(hours) * 60 + Number(minutes);
}

export function clockText(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** `22:00-06:00`; null for anything else and for hours that are none. */
export function readQuiet(text: string | null): QuietHours | null {
  const [from, to, more] = (text ?? "").split("-").map(minutesOf);
  if (from == null || to == null || more !== undefined || from === to) return null;
  return { from_min: from, to_min: to };
}

export const writeQuiet = ({ from_min, to_min }: QuietHours): string =>
  `${clockText(from_min)}-${clockText(to_min)}`;

export function readVolume(text: string | null): number | null {
  const percent = text === null || text.trim() === "" ? NaN : Number(text);
  return percent >= 0 && percent <= 100 ? percent / 100 : null;
}

const isMinute = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value < DAY_MIN;

function storedQuiet(value: unknown): QuietHours | null {
  const { from_min, to_min } = (value ?? {}) as Partial<QuietHours>;
  return isMinute(from_min) && isMinute(to_min) && from_min !== to_min ? { from_min, to_min } : null;
}

/** What was kept, as far as it makes sense, under what the address asks. */
export function settle(stored: string | null, asked: AskedSound): SoundSettings {
  let kept: Record<string, unknown> = {};
  try {
    kept = (JSON.parse(stored ?? "{}") ?? {}) as Record<string, unknown>;
  } catch {
    // Something else wrote there; the first settings hold.
  }
  const { on, volume } = kept;
  const loud = typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : AT_FIRST.volume;
  return {
    on: asked.on ?? (typeof on === "boolean" ? on : AT_FIRST.on),
    volume: asked.volume ?? loud,
    quiet: asked.quiet ?? storedQuiet(kept["quiet"]),
  };
}

/** Whether an instant is within the quiet hours, by the clock of the city. */
export function isQuiet(quiet: QuietHours | null, now: number, timeZone: string): boolean {
  if (quiet === null) return false;
  const minute = minutesOf(clockFace(now, timeZone).time.slice(0, 5)) ?? 0;
  const { from_min, to_min } = quiet;
  return from_min < to_min ? minute >= from_min && minute < to_min : minute >= from_min || minute < to_min;
}
