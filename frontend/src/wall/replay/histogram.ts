// From counts per step and layer to rows that can be drawn and read out. Pure.
import { shortTime } from "../time/clock";
import type { CatalogLayer } from "../server/shapes";
import type { Timeline } from "./shapes";

export interface Row {
  /** Of all rows that there could be, so that a row keeps its colour; null for the last. */
  place: number | null;
  title: string;
  counts: number[];
  total: number;
  most: number;
}

const OTHER = "Other";

/** What the catalog counts on one row together, a row for each title in its order; everything else is the last. */
export function rowsOf(timeline: Timeline, catalog: readonly CatalogLayer[]): Row[] {
  const rowOf = (title = OTHER): string | null => (title === OTHER ? null : title);
  const titles = new Map(catalog.map(({ name, wall }) => [name, rowOf(wall.replay_row)]));
  const own = [...new Set(titles.values())].filter((title) => title !== null);
  const rows = [...own.keys(), null].map((place): Row => {
    const title = place === null ? null : (own[place] ?? null);
    const counts: number[] = [];
    for (const { layer, counts: each } of timeline.layers) {
      if ((titles.get(layer) ?? null) !== title) continue;
      each?.forEach((count, at) => (counts[at] = (counts[at] ?? 0) + count));
    }
    const total = counts.reduce((sum, count) => sum + count, 0);
    return { place, title: title ?? OTHER, counts, total, most: Math.max(0, ...counts) };
  });
  return rows.filter(({ total }) => total > 0);
}

const NICE_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900];
const MOST_BARS = 150;

/** A step that a person can name, with no more bars than can be told apart. */
export function stepFor(span_ms: number): number {
  return NICE_S.find((step_s) => span_ms / (step_s * 1000) <= MOST_BARS) ?? 1800;
}

/** The height of a bar as a share of its row: by the root, so that one event is seen beside a hundred. */
export const heightOf = (count: number, most: number): number =>
  count <= 0 || most <= 0 ? 0 : Math.max(0.14, Math.sqrt(count / most));

/** One path of all bars of a row, in a box as wide as there are steps and one high. */
export function barsOf({ counts, most }: Row): string {
  const bars: string[] = [];
  counts.forEach((count, at) => {
    const height = heightOf(count, most);
    if (height > 0) bars.push(`M${at} 1h.82v${(-height).toFixed(3)}h-.82z`);
  });
  return bars.join("");
}

export interface Tick {
  /** Share of the width. */
  place: number;
  words: string;
}

const HOUR_MS = 3_600_000;
const EVERY_MS = [60_000, 5 * 60_000, 15 * 60_000, 30 * 60_000, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS];
const MOST_TICKS = 9;
/** A tick further right would have no room for its words. */
const LAST_PLACE = 0.94;

/** Round hours of the wall's own zone, as many as there is room for. */
export function ticksOf(from: number, to: number, timeZone: string): Tick[] {
  const every = EVERY_MS.find((ms) => (to - from) / ms <= MOST_TICKS) ?? 6 * HOUR_MS;
  const ahead = zoneAhead_ms(from, timeZone);
  const ticks: Tick[] = [];
  for (let at = Math.ceil((from + ahead) / every) * every - ahead; at < to; at += every) {
    const place = (at - from) / (to - from);
    if (place < LAST_PLACE) ticks.push({ place, words: shortTime(at, timeZone).slice(0, 5) });
  }
  return ticks;
}

/** How far the zone's clock is ahead of UTC. */
function zoneAhead_ms(at: number, timeZone: string): number {
  const [hours = 0, minutes = 0] = shortTime(at, timeZone).split(":").map(Number);
  const utc = new Date(at);
  const ahead = (hours - utc.getUTCHours()) * 60 + minutes - utc.getUTCMinutes();
  return ahead * 60_000;
}

export interface Told {
  title: string;
  total: number;
  busiest: string;
}

/** A row in words, for those who do not see the bars. */
export function told(row: Row, from: number, step_s: number, timeZone: string): Told {
  const at = row.counts.indexOf(row.most);
  const [start, end] = [at, at + 1].map((step) =>
    shortTime(from + step * step_s * 1000, timeZone).slice(0, step_s < 60 ? 8 : 5),
  );
  return { title: row.title, total: row.total, busiest: `${start ?? ""} to ${end ?? ""}: ${row.most}` };
}
