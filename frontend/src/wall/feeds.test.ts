// Feed states: troubled first, and stale as soon as the time is over, not when the server is next asked.
import { describe, expect, it } from "vitest";

import { feedStates } from "./feeds";
import type { Feed } from "./server/shapes";

const now = Date.parse("2026-01-01T00:10:00Z");
const feed = (name: string, rest: Partial<Feed>): Feed => ({
  name,
  adaptor: "geojson",
  layer: name,
  status: "live",
  last_received_at: "2026-01-01T00:09:48Z",
  last_observed_at: null,
  last_failure: null,
  expect_every_s: 0,
  stale_at: null,
  accepted_total: 1,
  rejected_total: 0,
  ...rest,
});

describe("feeds", () => {
  it("puts what is in trouble first", () => {
    const states = feedStates(
      [
        feed("units", {}),
        feed("nws", { status: "never", last_received_at: null }),
        feed("cad", { status: "stale" }),
        feed("roads", { status: "failing", last_failure: "the answer is 503" }),
      ],
      now,
    );
    expect(states.map((state) => [state.name, state.words])).toEqual([
      ["roads", "FAILING 12 s"],
      ["cad", "STALE 12 s"],
      ["units", "12 s"],
      ["nws", "no data"],
    ]);
  });
  it("says why a feed fails, and only then", () => {
    const why = { last_failure: "the answer is 503" };
    expect(feedStates([feed("roads", { status: "failing", ...why })], now)[0]?.reason).toBe(
      "the answer is 503",
    );
    expect(feedStates([feed("roads", why)], now)[0]?.reason).toBeNull();
    const unheard = feed("roads", { status: "failing", last_received_at: null });
    expect(feedStates([unheard], now)[0]?.words).toBe("FAILING");
  });
  it("knows nothing while the link is lost", () => {
    expect(feedStates([feed("units", {})], now, false)[0]).toMatchObject({ status: "never", words: "12 s" });
  });
  it("claims no age for a feed that was never heard", () => {
    const never = feed("nws", { status: "never", last_received_at: null });
    for (const linked of [true, false]) expect(feedStates([never], now, linked)[0]?.words).toBe("no data");
  });
  it("goes stale by itself when the server has said it would, and not by a rule of its own", () => {
    const at = (stale_at: string): unknown => feedStates([feed("units", { stale_at })], now)[0]?.status;
    expect(at("2026-01-01T00:09:59Z")).toBe("stale");
    expect(at("2026-01-01T00:10:03Z")).toBe("live");
    const silent = feed("units", { expect_every_s: 1 });
    expect(feedStates([silent], now)[0]?.status).toBe("live");
    const failing = feed("units", { status: "failing", stale_at: "2026-01-01T00:00:00Z" });
    expect(feedStates([failing], now)[0]?.status).toBe("failing");
  });
});
