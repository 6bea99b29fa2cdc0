import { describe, expect, it } from "vitest";

import { nothingToDo } from "./nothing-to-do";

type Seen = Parameters<typeof nothingToDo>[1];
const wall = (some: Record<string, unknown> = {}): Seen =>
  ({
    scenes: [{}, {}],
    cards: [],
    currentCard: null,
    selected: null,
    mayOpenPlates: true,
    focus: null,
    part: null,
    ...some,
  }) as unknown as Seen;
const hit = { key: "alpr_hits/1", feature: { properties: { plate: "ABC1234" } } };

describe("a key with nothing to do", () => {
  it("says why, for each that would be silent", () => {
    expect(nothingToDo({ do: "scene", index: 8 }, wall())).toBe("There are 2 scenes.");
    expect(nothingToDo({ do: "scene", index: 0 }, wall({ scenes: [] }))).toBe("There are no scenes.");
    expect(nothingToDo({ do: "cycle" }, wall({ scenes: [{}] }))).toBe("There is one scene.");
    expect(nothingToDo({ do: "alert", step: 1 }, wall())).toBe("There is no alarm.");
    expect(nothingToDo({ do: "acknowledge" }, wall())).toBe("No alarm to acknowledge.");
    expect(nothingToDo({ do: "acknowledge" }, wall({ cards: [{ key: "a" }] }))).toMatch(
      /^No alarm is chosen/,
    );
    expect(nothingToDo({ do: "theme" }, wall({ link: "lost" }))).toMatch(/^There is no other style/);
    expect(nothingToDo({ do: "plate" }, wall())).toBe("Nothing with a plate is open.");
    expect(nothingToDo({ do: "plate" }, wall({ selected: hit, mayOpenPlates: false }))).toMatch(/may not/);
    expect(nothingToDo({ do: "pin" }, wall())).toBe("There is no inset to pin.");
    expect(nothingToDo({ do: "replay" }, wall({ part: {} }))).toMatch(/no replay/);
  });

  it("and none where there is something", () => {
    const cards = [{ key: "a" }];
    expect(nothingToDo({ do: "scene", index: 1 }, wall())).toBeNull();
    expect(nothingToDo({ do: "acknowledge" }, wall({ cards, currentCard: "a" }))).toBeNull();
    expect(nothingToDo({ do: "acknowledge" }, wall({ cards, selected: { key: "a" } }))).toBeNull();
    expect(nothingToDo({ do: "plate" }, wall({ selected: hit }))).toBeNull();
    expect(nothingToDo({ do: "pin" }, wall({ focus: {} }))).toBeNull();
    for (const one of ["replay", "cycle", "help", "back"] as const)
      expect(nothingToDo({ do: one }, wall())).toBeNull();
  });
});
