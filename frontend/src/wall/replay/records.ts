// What the record of the past has, as far as it is counted: since when there is something of a layer, and where a replay may begin. Pure.
import { instant } from "../time/age";
import type { Timeline } from "./shapes";

/** How far back a replay begins where nobody says when. */
export const A_MOMENT_AGO_MS = 5 * 60_000;

/** The start and the end of the first step in which something was counted; null where nothing was. */
export function firstStep({ from, step_s, layers }: Timeline): { from: number; to: number } | null {
  const start = instant(from);
  const firsts = layers.map(({ counts }) => counts?.findIndex((count) => count > 0) ?? -1);
  const first = Math.min(...firsts.filter((at) => at >= 0));
  if (start === null || !Number.isFinite(first)) return null;
  const step_ms = step_s * 1000;
  return { from: start + first * step_ms, to: start + (first + 1) * step_ms };
}

/** Where a replay begins by itself: a moment ago, or when the first record, of this second, is in the picture. */
export const beginning = (momentAgo: number, firstRecord: number): number =>
  Math.max(momentAgo, firstRecord + 1000);

/**
 * The layers of which nothing was recorded by an instant. None where more is kept than the timeline shows: what was there before it
 * begins is not in it. `first` has the step of the first record, second by second. A layer that is not counted for this viewer is taken
 * to be recorded, once there is any record.
 */
export function unrecordedBy(timeline: Timeline, at: number, first: Timeline | null): Set<string> {
  const [keptFrom, start] = [instant(timeline.kept_from), instant(timeline.from)];
  if (start === null || (keptFrom !== null && keptFrom < start)) return new Set();
  const firstRecord = first === null ? null : firstStep(first);
  const isBefore = keptFrom === null || (firstRecord !== null && at < firstRecord.from);
  const firstOf = (some: Timeline | null, name: string): number | undefined =>
    (some && firstStep({ ...some, layers: some.layers.filter(({ layer }) => layer === name) }))?.from;
  const silent = timeline.layers.filter(({ layer, counts }) => {
    const from = firstOf(first, layer) ?? firstOf(timeline, layer);
    return isBefore || (counts !== null && (from === undefined || from > at));
  });
  return new Set(silent.map(({ layer }) => layer));
}
