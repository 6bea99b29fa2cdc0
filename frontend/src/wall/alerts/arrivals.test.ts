// Only what is new or worse alarms.
import { describe, expect, it } from "vitest";

import { Arrivals } from "./arrivals";
import type { Card } from "./rail";

const card = (key: string, severity: 1 | 2 | 3): Card => ({
  key,
  layer: "incidents",
  id: key,
  severity,
  kind: "",
  title: "",
  place: "",
  since: 0,
  at: null,
  icon: "",
  others: [],
});

describe("arrivals", () => {
  it("what is there at first is no news, what comes after is", () => {
    const arrivals = new Arrivals();
    expect(arrivals.news([card("a", 1)])).toEqual([]);
    expect(arrivals.news([card("a", 1), card("b", 2)]).map((one) => one.key)).toEqual(["b"]);
    expect(arrivals.news([card("a", 1), card("b", 2)])).toEqual([]);
  });
  it("a rise in severity is news, a fall is not", () => {
    const arrivals = new Arrivals();
    arrivals.news([card("a", 2)]);
    expect(arrivals.news([card("a", 1)])).toHaveLength(1);
    expect(arrivals.news([card("a", 3)])).toHaveLength(0);
  });
  it("is quiet when asked", () => {
    const arrivals = new Arrivals();
    arrivals.news([]);
    expect(arrivals.news([card("a", 1)], true)).toEqual([]);
    expect(arrivals.news([card("a", 1)])).toEqual([]);
  });
});
