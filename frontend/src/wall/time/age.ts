// How old things are, said in words that fit a wall, and how fresh that makes them.

export type Freshness = "fresh" | "ageing" | "stale";

const AGEING_AFTER_S = 60;

/** Seconds as `12 s`, `3 min`, `2 h 05`, `4 d`. Ages below zero (a clock ahead of ours) count as zero. */
export function ageText(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}`;
  return `${Math.floor(s / 86_400)} d`;
}

/** A running counter: `00:14`, `12:03`, `1:02:03`. */
export function counterText(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = `${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return s < 3600 ? minutes : `${Math.floor(s / 3600)}:${minutes}`;
}

/** Milliseconds since 1970, or null where the text is no instant. */
export function instant(text: string | null | undefined): number | null {
  if (text === null || text === undefined || text === "") return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

export interface Dated {
  observed_at?: string | null;
  stale_at?: string | null;
  stale?: boolean;
}

/**
 * Fresh while new, ageing once a minute has passed on its way to `stale_at`, stale after it. What can never go stale
 * (no `stale_at`) never ages either: a camera's position of last year is still its position.
 */
export function freshness(dated: Dated, serverNow: number): Freshness {
  const staleAt = instant(dated.stale_at);
  if (dated.stale === true || (staleAt !== null && serverNow >= staleAt)) return "stale";
  if (staleAt === null) return "fresh";
  const seen = instant(dated.observed_at);
  if (seen === null) return "fresh";
  const half = seen + Math.max(AGEING_AFTER_S * 1000, (staleAt - seen) / 2);
  return serverNow >= half ? "ageing" : "fresh";
}
