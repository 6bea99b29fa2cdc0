// What the rail says where it lists nothing. It says that all is quiet only where somebody would have said otherwise: a layer that this
// wall is not shown, or that nobody reports to, is no quiet one. Pure.
import type { Feed } from "../server/shapes";

/** The layers whose features the rail lists, and what they are called. */
const LISTED = [
  ["incidents", "incidents"],
  ["alpr_hits", "plate hits"],
  ["blockages", "blockages"],
] as const;

const NOT_REPORTING: readonly Feed["status"][] = ["never", "stale", "failing"];

/** In a replay nobody knows how the feeds stood, but of which layers nothing was recorded by then. */
export type Heard = { feeds: readonly Feed[] } | { unrecorded: ReadonlySet<string> };

function isSilent(layer: string, heard: Heard): boolean {
  if ("unrecorded" in heard) return heard.unrecorded.has(layer);
  const own = heard.feeds.filter((feed) => feed.layer === layer);
  return own.every((feed) => NOT_REPORTING.includes(feed.status));
}

export function calmWords(layers: readonly string[], heard: Heard): string {
  const hidden = LISTED.filter(([layer]) => !layers.includes(layer));
  const silent = LISTED.filter(([layer]) => layers.includes(layer) && isSilent(layer, heard));
  if (hidden.length === 0 && silent.length === 0) {
    return "All quiet. Nothing of priority 1 to 3, no hit, no blockage.";
  }
  const named = (some: typeof hidden): string => some.map(([, name]) => name).join(", ");
  const isReplay = "unrecorded" in heard;
  const all = isReplay && hidden.length + silent.length === LISTED.length && silent.length > 0;
  const said = all ? [] : ["Nothing is listed."];
  if (hidden.length > 0) said.push(`Not shown on this wall: ${named(hidden)}.`);
  if (silent.length > 0) {
    said.push(`${isReplay ? "Nothing was recorded by then" : "No feed reports"}: ${named(silent)}.`);
  }
  return said.join(" ");
}
