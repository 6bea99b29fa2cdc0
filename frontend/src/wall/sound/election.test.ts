// One display sounds, whichever come and go.
import { expect, it } from "vitest";

import { BEAT_MS, Election, FORGOTTEN_MS } from "./election";

/** Displays that hear each other. */
function room(...names: string[]): { beat: (standing: string[], now: number) => string[] } {
  const displays = new Map<string, Election>();
  let now_ms = 0;
  for (const name of names) {
    const say = (said: string): void => {
      for (const [other, election] of displays) if (other !== said) election.hear(said, now_ms);
    };
    displays.set(name, new Election(name, say));
  }
  return {
    beat(standing, now) {
      now_ms = now;
      const all = [...displays].map(([name, one]) => [name, one.beat(standing.includes(name), now)] as const);
      return all.filter(([, elected]) => elected).map(([name]) => name);
    },
  };
}

it("nobody sounds before having listened for a beat, and then one does", () => {
  const { beat } = room("b", "a", "c");
  expect(beat(["a", "b", "c"], 0)).toEqual([]);
  expect(beat(["a", "b", "c"], BEAT_MS)).toEqual(["a"]);
  expect(beat(["a", "b", "c"], 2 * BEAT_MS)).toEqual(["a"]);
});

it("a display that cannot sound leaves it to another", () => {
  const { beat } = room("a", "b");
  beat(["b"], 0);
  expect(beat(["b"], BEAT_MS)).toEqual(["b"]);
});

it("one that falls silent is forgotten", () => {
  const { beat } = room("a", "b");
  beat(["a", "b"], 0);
  expect(beat(["a", "b"], BEAT_MS)).toEqual(["a"]);
  expect(beat(["b"], 2 * BEAT_MS)).toEqual([]);
  expect(beat(["b"], BEAT_MS + FORGOTTEN_MS + 1)).toEqual(["b"]);
});
