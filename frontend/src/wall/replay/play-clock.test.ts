// The clock of a replay, on given instants.
import { describe, expect, it } from "vitest";

import * as clock from "./play-clock";

const span = { from: 10_000, to: 200_000 };

describe("the clock of a replay", () => {
  it("stands until it is played, and runs as fast as it is told", () => {
    const standing = clock.standing(50_000, 1000);
    expect(clock.instantOf(standing, 9000)).toBe(50_000);
    const playing = clock.played(standing, true, 2000);
    expect(clock.instantOf(playing, 3000)).toBe(51_000);
    const fast = clock.withSpeed(playing, 60, 3000);
    expect(clock.instantOf(fast, 3000)).toBe(51_000);
    expect(clock.instantOf(fast, 4000)).toBe(111_000);
    expect(clock.instantOf(clock.played(fast, false, 3500), 99_000)).toBe(81_000);
  });

  it("goes nowhere that cannot be shown", () => {
    const standing = clock.standing(50_000, 0);
    expect(clock.soughtTo(standing, 5, span, 0).at).toBe(10_000);
    expect(clock.soughtTo(standing, 1e9, span, 0).at).toBe(200_000);
  });

  it("goes on from where it is sought to", () => {
    const playing = clock.played(clock.standing(50_000, 0), true, 0);
    const sought = clock.soughtTo(playing, 60_000, span, 5000);
    expect(clock.instantOf(sought, 6000)).toBe(61_000);
  });

  it("stops where it has caught up, rather than become the present", () => {
    const fast = clock.withSpeed(clock.played(clock.standing(190_000, 0), true, 0), 60, 0);
    expect(clock.heldWithin(fast, span, 100)).toBe(fast);
    const held = clock.heldWithin(fast, span, 1000);
    expect(held).toMatchObject({ at: 200_000, playing: false });
    expect(clock.instantOf(held, 99_000)).toBe(200_000);
  });

  it("waits for the pictures of a slow server", () => {
    const fast = clock.withSpeed(clock.played(clock.standing(50_000, 0), true, 0), 60, 0);
    expect(clock.notAheadOf(fast, 50_000, 1000)).toBe(fast);
    const waiting = clock.notAheadOf(fast, 50_000, 2000);
    expect(clock.instantOf(waiting, 2000)).toBe(140_000);
    expect(clock.notAheadOf(clock.standing(90_000, 0), 50_000, 99)).toMatchObject({ at: 90_000 });
  });

  it("moves on with what is still kept", () => {
    const held = clock.heldWithin(clock.played(clock.standing(5000, 0), true, 0), span, 0);
    expect(held).toMatchObject({ at: 10_000, playing: true });
  });

  it("steps through the speeds and stays at the ends", () => {
    expect(clock.stepSpeed(1, 1)).toBe(5);
    expect(clock.stepSpeed(60, 1)).toBe(60);
    expect(clock.stepSpeed(1, -1)).toBe(1);
    expect(clock.stepEvery_ms(1)).toBeGreaterThan(clock.stepEvery_ms(60));
  });
});
