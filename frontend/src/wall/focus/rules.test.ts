// Which alarm gets the inset, and which cameras stand beside it.
import { describe, expect, it } from "vitest";

import type { Card } from "../alerts/rail";
import type { Found } from "../server/shapes";
import type { Answer, Focused } from "../state/wall.svelte";
import { focusCameras, takesFocus } from "./rules";

const card = (severity: 1 | 2 | 3, at: [number, number] | null = [-110.97, 32.22]): Card => ({
  key: `incidents/${String(severity)}`,
  layer: "incidents",
  id: String(severity),
  severity,
  kind: "Police P1",
  title: "Collision",
  place: "Congress & Stone",
  since: 0,
  at,
  icon: "incident-police-1",
  others: [],
});
const coming: Answer<Found[]> = { is: "coming" };
const focused = (closesAt: number | null): Focused => ({
  card: card(1),
  at: [0, 0],
  closesAt,
  seeing: coming,
  near: coming,
});
const cameras = (...ids: string[]): Answer<Found[]> => ({
  is: "here",
  value: ids.map((id) => ({ type: "Feature", id, geometry: null, properties: {} })),
});

describe("the focus", () => {
  it("is for the first severity alone, and for what is somewhere", () => {
    expect(takesFocus(card(1), null, 30)).toBe(true);
    expect(takesFocus(card(2), null, 30)).toBe(false);
    expect(takesFocus(card(1, null), null, 30)).toBe(false);
  });

  it("goes to what is newer, but never over what is pinned", () => {
    expect(takesFocus(card(1), focused(1000), 30)).toBe(true);
    expect(takesFocus(card(1), focused(null), 30)).toBe(false);
  });

  it("is off where it stays for no time", () => expect(takesFocus(card(1), null, 0)).toBe(false));

  it("shows at most four cameras, those that see it first, each once", () => {
    const shown = focusCameras(cameras("b"), cameras("a", "b", "c", "d", "e"));
    expect(shown.map(({ camera, number }) => [camera.id, number])).toEqual([
      ["b", 1],
      ["a", 2],
      ["c", 3],
      ["d", 4],
    ]);
  });

  it("waits for both answers, and does with one where the other is refused", () => {
    expect(focusCameras(cameras("b"), coming)).toEqual([]);
    expect(focusCameras({ is: "refused", why: "" }, cameras("a"))).toHaveLength(1);
  });
});
