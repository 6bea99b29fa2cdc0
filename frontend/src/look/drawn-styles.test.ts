// The styles and symbols in the repository are what the palette says: nobody edits a drawn file by hand.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

it("the drawn files are up to date (`npm run draw`)", () => {
  const draw = fileURLToPath(new URL("../../tools/draw.mjs", import.meta.url));
  expect(execFileSync(process.execPath, [draw, "--check"], { encoding: "utf8" })).toBe("");
});
