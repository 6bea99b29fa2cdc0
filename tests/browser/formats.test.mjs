// A scene drawn from MapLibre Tiles is the one drawn from Mapbox Vector Tiles: the same features with the same values, and every pixel.
// MapLibre is the wall's own, on a page that shows nothing else.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Browser, PATIENCE_MS } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const BASEMAP = ["earth", "landuse", "water", "boundaries", "roads", "buildings", "places"];
const SEED = fileURLToPath(new URL("../../seed-data/basemap", import.meta.url));
const MAPLIBRE = fileURLToPath(new URL("../../frontend/node_modules/maplibre-gl/dist", import.meta.url));
const MLT = "application/vnd.maplibre-tile";
/** Sightings that are points here, and counts further out. */
const CONFIG = `
[[layers]]
name = "reads"
title = "Reads"
kind = "sighting"
geometry = ["point"]
cap = 900
retain_days = 30
fields = { kind = "text", ts = "integer", heading = "integer", share = "number", lit = "boolean", label = "text" }

[[layers]]
name = "shapes"
title = "Shapes"
kind = "state"
geometry = ["point", "line", "polygon"]
fields = { name = "text" }
`;

const PAGE = `<!doctype html><title>Two formats</title><style>body { margin: 0 } #map { width: 800px; height: 600px }</style><div id="map"></div>
<script type="module">
  import * as maplibre from "/maplibre/maplibre-gl.mjs";
  maplibre.setWorkerUrl("/maplibre/maplibre-gl-worker.mjs");
  window.maplibre = maplibre;
</script>`;

let server, browser, page, front;
/** Media types of tiles, by what was accepted. */
const answered = new Map();

/** Serves the page and MapLibre, and passes requests for tiles on with a key. */
async function fronting(token) {
  const served = http.createServer(async (request, response) => {
    try {
      const url = new URL(request.url, "http://localhost");
      if (url.pathname === "/") return void response.setHeader("content-type", "text/html").end(PAGE);
      if (url.pathname.startsWith("/maplibre/")) {
        const file = await readFile(path.join(MAPLIBRE, path.basename(url.pathname)));
        return void response.setHeader("content-type", "text/javascript").end(file);
      }
      const accept = request.headers.accept ?? "*/*";
      const answer = await fetch(server.base + request.url, { headers: { authorization: `Bearer ${token}`, accept } });
      const type = answer.headers.get("content-type");
      if (answer.status === 200) {
        const types = answered.get(accept.includes(MLT)) ?? new Set();
        answered.set(accept.includes(MLT), types.add(type));
        response.setHeader("content-type", type);
      }
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  served.listen(0, "127.0.0.1");
  await once(served, "listening");
  return served;
}

/** A number from 0 to below 1, the same every time. */
const share = (number) => ((Math.imul(number + 1, 0x9e3779b1) >>> 0) % 100_003) / 100_003;

function features() {
  const reads = Array.from({ length: 2_400 }, (_, at) =>
    point(String(at * 13 + 5), share(at) * 40 - 20, share(at + 7_000) * 40 - 20, {
      kind: ["camera", "hit", "other"][at % 3],
      ts: 1_767_225_600_000 + at * 86_400,
      heading: (at * 131) % 360,
      ...(at % 4 === 0 ? {} : { share: Math.round(share(at + 50) * 1e6) / 1e3 }),
      lit: at % 5 === 0,
      label: `obs-${(Math.imul(at, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0")}`,
    }),
  );
  const corner = (east, north) => [DOWNTOWN[0] + east / 1000, DOWNTOWN[1] + north / 1000];
  const ring = (x, y, size) => [corner(x, y), corner(x + size, y), corner(x + size, y + size), corner(x, y + size), corner(x, y)];
  const shape = (id, coordinates, type) => ({ type: "Feature", id, geometry: { type, coordinates }, properties: { name: id } });
  const shapes = [
    shape("hole", [ring(-8, -6, 6), ring(-6, -4, 2).reverse()], "Polygon"),
    shape("two", [[ring(2, 2, 3)], [ring(6, 2, 3), ring(7, 3, 1).reverse()]], "MultiPolygon"),
    shape("one", [corner(-9, 5), corner(-4, 7), corner(0, 5)], "LineString"),
    shape("several", [[corner(-9, 8), corner(-4, 9)], [corner(0, 8), corner(4, 9), corner(5, 6)]], "MultiLineString"),
    shape("points", [corner(-3, -8), corner(-2, -8)], "MultiPoint"),
    point("a point", -5, -8, { name: "a point" }),
  ];
  return { reads, shapes };
}

before(async () => {
  server = await Server.configured(CONFIG);
  const { reads, shapes } = features();
  await server.post("reads", ...reads);
  await server.post("shapes", ...shapes);
  const incident = (at) => ({ type: ["fire", "crash"][at % 2], priority: 1 + (at % 5), status: "open", address: `Stone ${at}` });
  await server.post("incidents", ...Array.from({ length: 60 }, (_, at) => point(String(at), share(at + 9) * 20 - 10, share(at + 99) * 16 - 8, incident(at))));
  for (const name of BASEMAP) await server.command("import", `basemap:${name}`, path.join(SEED, `${name}.geojson`));
  front = await fronting(await server.command("key", "create", "--role", "operator"));
  browser = await Browser.open();
  page = browser.page;
  await page.goto(`http://127.0.0.1:${front.address().port}/`);
  await page.waitForFunction(() => window.maplibre !== undefined, null, { timeout: PATIENCE_MS });
});
after(async () => {
  await browser?.close();
  front?.closeAllConnections();
  front?.close();
  await server?.close();
});

/** Runs in the page: draws a scene from tiles of one format; its picture, and all features by source-layer. */
async function draw({ encoding, center, zoom, tilesets, basemap, hidden }) {
  const source = { type: "vector", tiles: [`${location.origin}/tiles/${tilesets}/{z}/{x}/{y}`], maxzoom: 22 };
  if (encoding === "mlt") source.encoding = "mlt";
  const number = (key) => ["to-number", ["get", key], 0];
  const names = tilesets.split(",").flatMap((name) => (name === "basemap" ? basemap : [name, `${name}_cells`]));
  const of = (name) => [
    { id: `${name} areas`, type: "fill", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": ["rgb", ["%", number("count"), 256], 120, 200], "fill-opacity": 0.6 } },
    { id: `${name} lines`, type: "line", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": ["case", ["has", "name"], "#a03", "#666"], "line-width": 2 } },
    {
      id: `${name} points`,
      type: "circle",
      filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": ["+", 2, ["/", ["%", number("ts"), 7], 2], ["*", 4, ["/", number("share"), 1000]]],
        "circle-color": ["match", ["get", "kind"], "camera", "#06c", "hit", "#c30", ["match", ["get", "type"], "fire", "#e80", "#393"]],
        "circle-opacity": ["case", ["boolean", ["get", "lit"], false], 1, 0.5],
        "circle-blur": ["/", number("heading"), 720],
        "circle-stroke-width": ["%", ["length", ["to-string", ["get", "label"]]], 3],
      },
    },
  ];
  const layers = names.flatMap((name) => of(name).map((layer) => ({ ...layer, source: "tiles", "source-layer": name })));
  const style = { version: 8, sources: { tiles: source }, layers: [{ id: "ground", type: "background", paint: { "background-color": "#fff" } }, ...(hidden ? [] : layers)] };
  const options = { style, center, zoom, fadeDuration: 0, interactive: false, attributionControl: false, pixelRatio: 1 };
  const map = new window.maplibre.Map({ container: "map", ...options, canvasContextAttributes: { preserveDrawingBuffer: true } });
  const faults = [];
  map.on("error", ({ error }) => faults.push(error.message));
  await new Promise((resolve) => map.once("idle", resolve));
  const found = {};
  for (const name of hidden ? [] : names) {
    const told = map.querySourceFeatures("tiles", { sourceLayer: name }).map(({ id, geometry, properties }) => {
      const entries = Object.entries(properties).map(([key, value]) => [key, typeof value === "bigint" ? Number(value) : value]);
      return JSON.stringify([id, geometry, entries.sort(([a], [b]) => (a < b ? -1 : 1))]);
    });
    if (told.length > 0) found[name] = told.sort();
  }
  const picture = map.getCanvas().toDataURL();
  map.remove();
  return { picture, found, faults };
}

async function compare(scene, expected) {
  const view = { ...scene, basemap: BASEMAP };
  const mvt = await page.evaluate(draw, { ...view, encoding: "mvt" });
  const mlt = await page.evaluate(draw, { ...view, encoding: "mlt" });
  assert.deepEqual([mvt.faults, mlt.faults], [[], []]);
  for (const name of expected) assert.ok(mvt.found[name]?.length > 0, `nothing of ${name} among ${Object.keys(mvt.found)}`);
  assert.deepEqual(mlt.found, mvt.found);
  assert.equal(mlt.picture, mvt.picture, "the pictures differ");
  const empty = await page.evaluate(draw, { ...view, encoding: "mvt", hidden: true });
  assert.notEqual(empty.picture, mvt.picture, "nothing was drawn");
}

test("points, lines and areas, with holes and of several parts, are drawn the same from both formats", async () => {
  await compare({ center: DOWNTOWN, zoom: 14, tilesets: "reads,incidents,shapes" }, ["reads", "incidents", "shapes"]);
});

test("counts in the place of points are drawn the same", async () => {
  await compare({ center: DOWNTOWN, zoom: 10.3, tilesets: "reads" }, ["reads_cells"]);
});

test("the basemap is drawn the same", async () => {
  await compare({ center: DOWNTOWN, zoom: 13.5, tilesets: "basemap" }, ["roads", "buildings", "landuse", "places"]);
});

test("each format was asked for and given as such", async () => {
  assert.deepEqual(answered, new Map([[false, new Set(["application/vnd.mapbox-vector-tile"])], [true, new Set([MLT])]]));
});
