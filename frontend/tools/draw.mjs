// Draws styles/icons/*.svg, styles/night.json and styles/day.json from styles/palette.json, so that a colour lives in one place.
// `npm run draw` writes; `npm run draw -- --check` only compares, and fails when a file is not what the palette says.
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { basemapStyle } from "./basemap.mjs";
import { allSymbols } from "./symbols.mjs";

const styles = join(import.meta.dirname, "../../styles");
const palette = JSON.parse(readFileSync(join(styles, "palette.json"), "utf8"));

const wanted = new Map();
for (const [name, svg] of Object.entries(allSymbols(palette.symbol))) {
  wanted.set(join(styles, "icons", `${name}.svg`), svg);
}
for (const theme of ["night", "day"]) {
  wanted.set(join(styles, `${theme}.json`), `${JSON.stringify(basemapStyle(theme, palette), null, 2)}\n`);
}

const present = readdirSync(join(styles, "icons"))
  .filter((name) => name.endsWith(".svg"))
  .map((name) => join(styles, "icons", name));
const orphans = present.filter((path) => !wanted.has(path));

const textOf = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};
const outdated = [...wanted].filter(([path, text]) => textOf(path) !== text);

if (process.argv.includes("--check")) {
  for (const path of [...orphans, ...outdated.map(([path]) => path)]) console.error(`not as drawn: ${path}`);
  process.exit(orphans.length + outdated.length === 0 ? 0 : 1);
}
for (const path of orphans) rmSync(path);
for (const [path, text] of outdated) writeFileSync(path, text);
console.log(`${outdated.length} written, ${orphans.length} removed, ${wanted.size} in all`);
