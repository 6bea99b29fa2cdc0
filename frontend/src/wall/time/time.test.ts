// Ages, counters, freshness and the clock, all on given instants.
import { describe, expect, it } from "vitest";

import { ageText, counterText, freshness, instant } from "./age";
import { clockFace } from "./clock";

const at = (text: string): number => Date.parse(text);

describe("ages", () => {
  it.each([
    [-4, "0 s"],
    [0.9, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [3599, "59 min"],
    [7500, "2 h 05"],
    [90_000, "1 d"],
  ])("%d s reads %s", (seconds, words) => expect(ageText(seconds)).toBe(words));

  it.each([
    [14, "00:14"],
    [723, "12:03"],
    [3723, "1:02:03"],
  ])("%d s counts as %s", (seconds, words) => expect(counterText(seconds)).toBe(words));

  it("no instant is null, never NaN", () => {
    expect(instant("yesterday")).toBeNull();
    expect(instant(null)).toBeNull();
  });
});

describe("freshness", () => {
  const seen = { observed_at: "2026-01-01T00:00:00Z", stale_at: "2026-01-01T00:10:00Z" };
  it("passes from fresh over ageing to stale without any message", () => {
    expect(freshness(seen, at("2026-01-01T00:01:00Z"))).toBe("fresh");
    expect(freshness(seen, at("2026-01-01T00:05:00Z"))).toBe("ageing");
    expect(freshness(seen, at("2026-01-01T00:10:00Z"))).toBe("stale");
  });
  it("the server's word counts at once", () => {
    expect(freshness({ ...seen, stale: true }, at("2026-01-01T00:00:01Z"))).toBe("stale");
  });
  it("what cannot go stale does not age", () => {
    expect(
      freshness({ observed_at: "2001-01-01T00:00:00Z", stale_at: null }, at("2026-01-01T00:00:00Z")),
    ).toBe("fresh");
  });
});

describe("the clock", () => {
  it("shows the city's hour and its zone", () => {
    expect(clockFace(at("2026-11-22T04:42:07Z"), "America/Phoenix")).toEqual({
      time: "21:42:07",
      zone: "MST",
      date: "Sat 21 Nov",
    });
  });
  it("shows midnight as 00", () => {
    expect(clockFace(at("2026-11-22T07:00:00Z"), "America/Phoenix").time).toBe("00:00:00");
  });
  it("an unknown zone is UTC, and says so", () => {
    expect(clockFace(at("2026-11-22T04:42:07Z"), "Mars/Olympus").zone).toBe("UTC");
  });
});
