import { expect, it } from "vitest";

import { Beginnings } from "./beginnings";
import type { Card } from "./rail";

const card = (since: number): Card => ({
  key: "blockages/b",
  layer: "blockages",
  id: "b",
  severity: 1,
  kind: "",
  title: "",
  place: "",
  since,
  at: null,
  icon: "",
  others: [],
});

it("an alarm that is reported again is no younger, and one that comes back is new", () => {
  const beginnings = new Beginnings();
  const since = (...cards: Card[]): number[] => beginnings.held(cards).map((one) => one.since);
  expect(since(card(1000))).toEqual([1000]);
  expect(since(card(5000))).toEqual([1000]);
  expect(since(card(500))).toEqual([500]);
  expect(since()).toEqual([]);
  expect(since(card(9000))).toEqual([9000]);
});
