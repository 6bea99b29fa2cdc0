import { describe, expect, it } from "vitest";

import { Stillness } from "./stillness";

describe("a picture", () => {
  it("that never moved has stood still from the start", () => {
    const stillness = new Stillness(0, 1000);
    expect(stillness.look(0, 7900)).toBe(6);
    expect(stillness.moved).toBe(false);
  });

  it("that moves does not stand still, and counts from its last move", () => {
    const stillness = new Stillness(0, 0);
    expect(stillness.look(0.9, 1000)).toBe(0);
    expect(stillness.look(1.8, 2000)).toBe(0);
    expect(stillness.look(1.8, 9000)).toBe(7);
    expect(stillness.moved).toBe(true);
    expect(stillness.look(2.1, 10_000)).toBe(0);
  });
});
