// What the alert rail lists, and in which order. Until rules send alerts of their own it lists incidents of priority 1 to 3, ALPR
// hits and blockages. Pure: features in, cards out.
import type { Position } from "geojson";

import { stands } from "../blockages";
import type { Alert, LiveFeature } from "../live/messages";
import { instant } from "../time/age";
import { anchorOf } from "../map/anchor";
import { sentence } from "../words";
import { maskedPlate } from "./plate";

export type Severity = 1 | 2 | 3;

export interface Card {
  /** `layer/id`, unique in the rail. */
  key: string;
  layer: string;
  id: string;
  severity: Severity;
  kind: string;
  title: string;
  place: string;
  since: number;
  at: Position | null;
  icon: string;
  /** What else this card stands for, and is not listed again. */
  others: readonly { key: string; kind: string }[];
}

export const MOST_CARDS = 8;

/** What kind of alarm, of all that the card stands for. */
export const kindWords = ({ kind, others }: Card): string =>
  [kind, ...others.map((other) => other.kind)].join(" · ");

const said = (feature: LiveFeature, ...names: string[]): string => {
  for (const name of names) {
    const value = feature.properties[name];
    if (typeof value === "string" && value.trim() !== "") return value.trim();
    if (typeof value === "number") return String(value);
  }
  return "";
};
const measured = (feature: LiveFeature, name: string): number | null => {
  const value = feature.properties[name];
  return typeof value === "number" ? value : null;
};
const began = (feature: LiveFeature, ...names: string[]): number =>
  instant(said(feature, ...names)) ?? instant(feature.observed_at) ?? 0;

function card(
  layer: string,
  feature: LiveFeature,
  rest: Omit<Card, "key" | "layer" | "id" | "at" | "others">,
): Card {
  const key = `${layer}/${feature.id}`;
  return { key, layer, id: feature.id, at: anchorOf(feature.geometry), others: [], ...rest };
}

export const DISCIPLINES = ["police", "fire", "medical", "alternative"];

function incidentCard(feature: LiveFeature): Card | null {
  const priority = measured(feature, "priority");
  if (priority !== 1 && priority !== 2 && priority !== 3) return null;
  if (["closed", "cleared", "cancelled"].includes(said(feature, "status"))) return null;
  const discipline = said(feature, "discipline");
  return card("incidents", feature, {
    severity: priority,
    kind: `${discipline === "" ? "Incident" : sentence(discipline)} P${priority}`,
    title: sentence(said(feature, "type") || "Incident"),
    place: said(feature, "address", "intersection") || (feature.geometry ? "" : "No location yet"),
    since: began(feature, "opened_at"),
    icon: `incident-${DISCIPLINES.includes(discipline) ? discipline : "other"}-${priority}`,
  });
}

function hitCard(feature: LiveFeature, cameraName: (id: string) => string | null): Card | null {
  const status = said(feature, "status") || "unverified";
  if (status === "dismissed") return null;
  const plate = said(feature, "plate");
  const reason = sentence(said(feature, "reason", "list") || "hot list");
  const confirmed = status === "confirmed";
  return card("alpr_hits", feature, {
    severity: confirmed ? 1 : 2,
    kind: confirmed ? "ALPR hit, confirmed" : "ALPR hit, unverified",
    title: reason,
    place: [plate === "" ? "" : maskedPlate(plate), hitPlace(feature, cameraName)]
      .filter((part) => part !== "")
      .join(" · "),
    since: began(feature),
    icon: `alpr-hit-${confirmed ? "confirmed" : "unverified"}`,
  });
}

function hitPlace(feature: LiveFeature, cameraName: (id: string) => string | null): string {
  const named = said(feature, "address", "intersection");
  const camera = said(feature, "camera", "camera_id");
  return named !== "" || camera === "" ? named : (cameraName(camera) ?? `Camera ${camera}`);
}

const CAUSES: Record<string, string> = {
  takeover: "Street takeover",
  crash: "Crash blocks the road",
  work: "Road work",
  event: "Event in the road",
  unknown: "Road blocked",
};

/** The causes that have a symbol of their own. */
export const causeOf = (cause: string): string => (cause in CAUSES ? cause : "unknown");

function blockageCard(feature: LiveFeature): Card | null {
  const cause = causeOf(said(feature, "cause"));
  const confidence = measured(feature, "confidence");
  const sure = confidence === null || confidence >= 0.7;
  const severity: Severity = cause === "takeover" ? (sure ? 1 : 2) : cause === "crash" ? 2 : 3;
  const share = confidence === null ? "" : `, ${Math.round(confidence * 100)} % sure`;
  return card("blockages", feature, {
    severity,
    kind: `Blockage${share}`,
    title: CAUSES[cause] ?? "Road blocked",
    place: said(feature, "intersection", "intersection_name", "address", "name"),
    since: began(feature, "started_at"),
    icon: `blockage-${cause}-${sure ? "sure" : "unsure"}`,
  });
}

/**
 * What a caller reports and what is measured at the same place may be one thing: a street takeover as an incident and as a blocked
 * junction. They are one card, as severe as the worse and as old as the elder of them; `others` names what it stands for too.
 */
function oneEach(cards: readonly Card[]): Card[] {
  const kept = new Map<string, Card>();
  for (const card of cards) {
    const isEvent = card.layer === "incidents" || card.layer === "blockages";
    const key = isEvent && card.place !== "" ? `${card.title} ${card.place}`.toLowerCase() : card.key;
    const known = kept.get(key);
    // Two incidents of one kind at one place are two.
    if (known === undefined || known.layer === card.layer) {
      kept.set(known === undefined ? key : card.key, card);
      continue;
    }
    const [main, other] = card.layer === "blockages" ? [card, known] : [known, card];
    kept.set(key, {
      ...main,
      severity: Math.min(main.severity, other.severity) as Severity,
      since: Math.min(main.since, other.since),
      others: [...main.others, { key: other.key, kind: other.kind }, ...other.others],
    });
  }
  return [...kept.values()];
}

function alertCard(alert: Alert): Card {
  const severity: Severity = alert.level <= 1 ? 1 : alert.level >= 3 ? 3 : 2;
  return {
    key:
      alert.layer !== null && alert.feature !== null
        ? `${alert.layer}/${alert.feature}`
        : `alert/${alert.id}`,
    layer: alert.layer ?? "alert",
    id: alert.feature ?? alert.id,
    severity,
    kind: "Alert",
    title: alert.title,
    place: alert.text,
    since: instant(alert.raised_at) ?? 0,
    at: alert.lon === null || alert.lat === null ? null : [alert.lon, alert.lat],
    icon: `incident-other-${severity}`,
    others: [],
  };
}

/** What the rail is made from. */
export interface RailSource {
  features(layer: string): LiveFeature[];
  cameraName(id: string): string | null;
  readonly alerts: readonly Alert[];
}

/** By priority, then newest first; acknowledged ones last. An alert about a feature stands in for that feature's own card. */
export function railCards(source: RailSource, acknowledged: ReadonlySet<string>): Card[] {
  const made = [
    ...source.features("incidents").map(incidentCard),
    ...source.features("alpr_hits").map((feature) => hitCard(feature, (id) => source.cameraName(id))),
    ...source.features("blockages").filter(stands).map(blockageCard),
    ...source.alerts.map(alertCard),
  ];
  const cards = new Map<string, Card>();
  for (const one of made) if (one !== null) cards.set(one.key, one);
  const rank = (one: Card): number => (acknowledged.has(one.key) ? 10 : 0) + one.severity;
  return oneEach([...cards.values()]).sort(
    (a, b) => rank(a) - rank(b) || b.since - a.since || a.key.localeCompare(b.key),
  );
}
