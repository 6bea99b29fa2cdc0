// When an alarm gets the inset, and which cameras stand beside it. Pure.
import type { Card } from "../alerts/rail";
import { numberedCameras, type Numbered } from "../camera-numbers";
import type { Answer, Focused } from "../state/wall.svelte";
import type { Found } from "../server/shapes";

export const FOCUS_S = 30;
export const MOST_CAMERAS = 4;

/** Only what is of the first severity and somewhere; never over what somebody pinned. */
export function takesFocus(card: Card, current: Focused | null, stays_s: number): boolean {
  if (stays_s <= 0 || card.severity !== 1 || card.at === null) return false;
  return current === null || current.closesAt !== null;
}

/** Those whose field of view holds the point first, best first as the server has them; then the nearest. */
export function focusCameras(seeing: Answer<Found[]>, near: Answer<Found[]>): Numbered[] {
  if (seeing.is === "coming" || near.is === "coming") return [];
  return [...numberedCameras(seeing, near).values()].slice(0, MOST_CAMERAS);
}
