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

/** `feeds` is null where nobody knows how they stood, as in a replay. */
export function calmWords(layers: readonly string[], feeds: readonly Feed[] | null): string {
  const hidden = LISTED.filter(([layer]) => !layers.includes(layer));
  const silent = LISTED.filter(([layer]) => {
    const own = feeds?.filter((feed) => feed.layer === layer) ?? null;
    return layers.includes(layer) && own !== null && own.every((feed) => NOT_REPORTING.includes(feed.status));
  });
  if (hidden.length === 0 && silent.length === 0) {
    return "All quiet. Nothing of priority 1 to 3, no hit, no blockage.";
  }
  const named = (some: typeof hidden): string => some.map(([, name]) => name).join(", ");
  const said = ["Nothing is listed."];
  if (hidden.length > 0) said.push(`Not shown on this wall: ${named(hidden)}.`);
  if (silent.length > 0) said.push(`No feed reports: ${named(silent)}.`);
  return said.join(" ");
}
