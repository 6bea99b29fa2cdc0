// How a wall comes to life: nothing is asked one after the other that can be asked at once, and the stream does not wait for the map.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const ASKED = ["/session", "/catalog", "/scenes", "/styles/night", "/tiles/basemap"];
const MAP_CODE = /\/assets\/app\/stage-[^/]+\.js$/;
let server, browser, page;

before(async () => {
  server = await Server.start();
  await server.post("incidents", point("i1", 0, 0, { type: "fire", priority: 1, discipline: "fire", status: "open", address: "Stone & Broadway" }));
  browser = await Browser.open();
  page = browser.page;
  await page.goto(await server.link());
  await page.waitForURL(/\/wall/);
  await browser.state("map", "idle");
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test("the wall is live, and its rail lists, before the map's code is here", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route(MAP_CODE, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},15`, { waitUntil: "commit" });
  await browser.state("state", "live");
  await page.getByText("Stone & Broadway").waitFor();
  assert.equal(await page.evaluate(() => window.__wall === undefined), true, "there is no map yet");
  release();
  const drawn = () => window.__wall?.map.queryRenderedFeatures().some((it) => it.properties.id === "i1");
  await page.waitForFunction(drawn);
  await page.unroute(MAP_CODE);
});

test("everything that the wall opens with is asked at once, and tiles wait for no description of themselves", async () => {
  // No answer goes out before everything was asked: one that waited for another would wait for ever.
  const unasked = new Set(ASKED);
  let open;
  const allAsked = new Promise((resolve) => (open = resolve));
  const isOne = (url) => ASKED.includes(url.pathname);
  await page.route(isOne, async (route) => {
    unasked.delete(new URL(route.request().url()).pathname);
    if (unasked.size === 0) open();
    await allAsked;
    await route.continue();
  });
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},15`);
  await browser.state("map", "idle");
  const asked = await page.evaluate(() =>
    performance.getEntriesByType("resource").map((it) => ({
      path: new URL(it.name).pathname,
    })),
  );
  await page.unroute(isOne);
  const described = asked.filter((it) => /^\/tiles\/[^/]+$/.test(it.path)).map((it) => it.path);
  assert.deepEqual(described, ["/tiles/basemap"]);
});

/** The part of the full resolution that the map is drawn in, or 0 while it is out of sight. */
const fineness = () => {
  const map = window.__wall?.map;
  if (!map || map.getContainer().style.visibility === "hidden") return 0;
  return map.getCanvas().width / (map.getContainer().clientWidth * devicePixelRatio);
};

test("the first picture is put together out of sight, shown whole, and not waited for without end", async () => {
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},15`);
  await browser.state("map", "idle");
  const scale = await page.evaluate(fineness);
  assert.ok(scale > 0.5, `shown in full: ${scale}`);

  const tiles = /\/tiles\/[^/]+\/\d+\//;
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route(tiles, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},15.2`);
  await page.waitForFunction(() => window.__wall !== undefined);
  const coarse = await page.evaluate(() => window.__wall.map.getCanvas().width);
  await page.waitForFunction((full) => window.__wall.map.getCanvas().width > full, coarse);
  assert.ok(Math.abs((await page.evaluate(fineness)) - scale) < 0.01, "in full again, with what there is");
  const drawn = () => window.__wall.map.queryRenderedFeatures().some((it) => it.properties.id === "i1");
  await page.waitForFunction(drawn);
  release();
  await page.unrouteAll({ behavior: "wait" });
});

test("how long it takes", async (t) => {
  await page.addInitScript(() => {
    const began = performance.now();
    const look = () => {
      const wall = window.__wall;
      const live = document.documentElement?.dataset.state === "live";
      if (live) window.liveAfter ??= performance.now() - began;
      const shown = wall && wall.map.getContainer().style.visibility !== "hidden";
      const drawn = shown && wall.map.getLayer("incidents") && wall.map.queryRenderedFeatures({ layers: ["incidents"] }).length > 0;
      if (drawn && live) window.drawnAfter = performance.now() - began;
      else requestAnimationFrame(look);
    };
    look();
  });
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},15`);
  await page.waitForFunction(() => window.drawnAfter !== undefined);
  const [live, drawn] = await page.evaluate(() => [window.liveAfter, window.drawnAfter]);
  t.diagnostic(`live after ${live.toFixed(0)} ms, first features drawn after ${drawn.toFixed(0)} ms`);
});
