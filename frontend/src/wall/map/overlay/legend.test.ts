// A drawing without a layer would be dead, and a built-in layer without a drawing is one that somebody decided to draw plainly.
import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { DRAWINGS, drawingOf } from "./legend";

const built_in = readFileSync(
  new URL("../../../../../server/src/config/layers.toml", import.meta.url),
  "utf8",
);
const names = [...built_in.matchAll(/^\[\[layers\]\]\nname = "(\w+)"$/gm)].map(([, name]) => name);

it("every layer that has a drawing is a built-in one", () => {
  expect(names).toContain("cameras");
  expect(Object.keys(DRAWINGS).filter((name) => !names.includes(name))).toEqual([]);
});

it("every built-in layer but the counts has a drawing, and any other is drawn plainly", () => {
  expect(names.filter((name) => name !== undefined && !(name in DRAWINGS))).toEqual(["cells"]);
  expect(drawingOf("street_lights").icon).toBe("other-place");
});
