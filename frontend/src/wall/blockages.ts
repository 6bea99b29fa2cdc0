// Which blocked streets are one place: a junction may come as a point and a line for each blocked street. One of them stands for all
// and carries the symbol, and all say the same: the highest confidence and the earliest beginning. Pure.
import type { LiveFeature, Value } from "./live/messages";
import { instant } from "./time/age";

/** On a feature that another stands for. */
export const STOOD_FOR = "stood_for_by";

const textOf = (value: Value | undefined): string => (typeof value === "string" ? value.trim() : "");

function placeKey({ id, properties }: LiveFeature): string {
  const name = textOf(properties["intersection"]) || textOf(properties["intersection_name"]);
  return name === "" ? `id ${id}` : `${textOf(properties["cause"])} ${name}`;
}

function shared(group: readonly LiveFeature[]): Record<string, Value> {
  const said: Record<string, Value> = {};
  const sure = group
    .map(({ properties }) => properties["confidence"])
    .filter((value) => typeof value === "number");
  if (sure.length > 0) said["confidence"] = Math.max(...sure);
  const starts = group.map(({ properties }) => textOf(properties["started_at"]));
  const known = starts.filter((text) => instant(text) !== null);
  const [first] = known.sort((a, b) => (instant(a) ?? 0) - (instant(b) ?? 0));
  if (first !== undefined) said["started_at"] = first;
  return said;
}

/** The same features, in their order, with what they have in common; a point stands for lines. */
export function joined(blockages: readonly LiveFeature[]): LiveFeature[] {
  const groups = new Map<string, LiveFeature[]>();
  for (const feature of blockages) {
    const key = placeKey(feature);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [feature]);
    else group.push(feature);
  }
  return blockages.map((feature) => {
    const group = groups.get(placeKey(feature)) ?? [feature];
    const standing = group.find(({ geometry }) => geometry?.type === "Point") ?? group[0] ?? feature;
    const properties = { ...feature.properties, ...shared(group) };
    if (standing.id !== feature.id) properties[STOOD_FOR] = standing.id;
    return { ...feature, properties };
  });
}

export const stands = (feature: LiveFeature): boolean => feature.properties[STOOD_FOR] === undefined;
