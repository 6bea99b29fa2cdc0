// A map under everything that comes from an archive: the drawn city, as GDAL cuts it into tiles, is drawn as the imported one is.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { Browser } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const project = fileURLToPath(new URL("../..", import.meta.url));
const python = path.join(project, "tests", ".venv", "bin", "python");
const run = promisify(execFile);
const LAYERS = ["earth", "landuse", "water", "roads", "buildings", "places"];
const SCENE = `
[[scenes]]
name = "downtown"
title = "Downtown"
center = [${DOWNTOWN.join(", ")}]
zoom = 14.5
`;
const missing = !existsSync("/usr/bin/ogr2ogr") || !existsSync(python);
let folder, server, browser;

/** A PMTiles archive of the drawn city. */
async function archive() {
  const [table, database, tiles] = ["city.gpkg", "city.mbtiles", "city.pmtiles"].map((name) => path.join(folder, name));
  for (const layer of LAYERS) {
    const source = path.join(project, "seed-data", "basemap", `${layer}.geojson`);
    await run("ogr2ogr", ["-f", "GPKG", "-update", "-append", "-nln", layer, table, source]);
  }
  const options = ["FORMAT=MBTILES", "MINZOOM=11", "MAXZOOM=15", "MAX_SIZE=2000000"].flatMap((it) => ["-dsco", it]);
  await run("ogr2ogr", ["-f", "MVT", ...options, database, table]);
  const convert = "import sys; from pmtiles.convert import mbtiles_to_pmtiles as convert; convert(sys.argv[1], sys.argv[2], None)";
  await run(python, ["-c", convert, database, tiles]);
  return tiles;
}

before(async () => {
  if (missing) return;
  folder = await mkdtemp(path.join(tmpdir(), "atalaya-archive-"));
  server = await Server.configured(`basemap = ${JSON.stringify(await archive())}\n${SCENE}`);
  browser = await Browser.open();
  await browser.page.goto(await server.link());
  await browser.page.waitForURL(/\/wall/);
  await browser.page.goto(`${server.base}/wall/A?scene=downtown`);
  await browser.state("state", "live");
  await browser.state("map", "idle");
});
after(async () => {
  await browser?.close();
  await server?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

test("a basemap of one line in the configuration is drawn, streets and all", { skip: missing && "ogr2ogr or tests/.venv is not there" }, async () => {
  await server.post("incidents", point("i1", 1, 1, { kind: "collision", severity: 3 }));
  await browser.holds("incidents", ["i1"]);
  const drawn = () => {
    const features = window.__wall.map.queryRenderedFeatures().filter((it) => it.source === "basemap");
    const layers = [...new Set(features.map((it) => it.sourceLayer))].sort();
    return layers.includes("roads") && { layers, kinds: [...new Set(features.map((it) => it.properties.kind))] };
  };
  const found = await (await browser.page.waitForFunction(drawn)).jsonValue();
  assert.ok(found.kinds.includes("minor_road") && found.kinds.includes("major_road"), JSON.stringify(found));
  await browser.shot("archive");
  assert.deepEqual(browser.complaints, []);
});
