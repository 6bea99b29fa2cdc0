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
  // The wall before this one must not be taken for it.
  await page.goto("about:blank");
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

/** Notes how many pixels wide the map is drawn while it is out of sight. */
const noteHidden = () => {
  const widths = (window.hiddenWidths = []);
  const look = () => {
    const map = window.__wall?.map;
    if (map?.getContainer().style.visibility === "hidden") widths.push(map.getCanvas().width);
    if (document.documentElement?.dataset.drawn === undefined) requestAnimationFrame(look);
  };
  look();
};

/** How the map is drawn once it is in sight and as sharp as the display bears. */
const sharp = () => {
  const map = window.__wall?.map;
  const { drawn } = document.documentElement.dataset;
  if (!map || drawn === undefined || map.getContainer().style.visibility === "hidden") return null;
  const full = map.getContainer().getBoundingClientRect().width * devicePixelRatio;
  return { part: Number.parseInt(drawn) / 100, width: map.getCanvas().width, full, coarse: window.hiddenWidths };
};

test("the first picture is put together out of sight, shown whole, and not waited for without end", async () => {
  await page.addInitScript(noteHidden);
  const tiles = /\/tiles\/[^/]+\/\d+\//;
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route(tiles, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},15.2`);
  const { part, width, full, coarse } = await (await page.waitForFunction(sharp)).jsonValue();
  assert.ok(coarse.length > 0 && Math.max(...coarse) < width / 4, `${coarse.join(" ")} px out of sight, then ${width}`);
  assert.ok(Math.abs(width - part * full) <= 0.01 * full, `${width} of ${full} px are drawn, and ${part} is said`);
  const drawn = () => window.__wall.map.queryRenderedFeatures().some((it) => it.properties.id === "i1");
  await page.waitForFunction(drawn);
  release();
  await page.unrouteAll({ behavior: "wait" });
});

test("what is not in the first picture follows at once: names, hatches, cameras", async () => {
  await server.post("cameras", point("c1", 1, 1, { name: "Sixth & Congress", camera_kind: "fixed", heading_deg: 90, fov_deg: 70, range_m: 200 }));
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},15`);
  const drawn = () => window.__wall?.map.queryRenderedFeatures().some((it) => it.properties.id === "c1");
  await page.waitForFunction(drawn);
  const hidden = () => {
    const layers = window.__wall.map.getStyle().layers.filter((it) => it.layout?.visibility === "none");
    return layers.map((it) => it.source).filter((it) => it !== "data-alpr_reads");
  };
  assert.deepEqual(await page.evaluate(hidden), []);
});

/** Notes in the page when it was live and when features and streets were first drawn in sight, from the beginning of the page. */
const noteMarks = () => {
  const marks = (window.marks = {});
  const look = () => {
    const map = window.__wall?.map;
    if (document.documentElement?.dataset.state === "live") marks.live ??= performance.now();
    if (map?.getLayer("units") && map.getContainer().style.visibility !== "hidden") {
      const seen = map.queryRenderedFeatures();
      if (seen.some((it) => it.source === "data-units")) marks.features ??= performance.now();
      if (seen.some((it) => it.sourceLayer === "roads")) marks.streets ??= performance.now();
    }
    if (marks.live && marks.features && marks.streets) window.opened = marks;
    else requestAnimationFrame(look);
  };
  look();
};

test("how long ten openings of the demo city take", async (t) => {
  const demo = await Server.demo();
  try {
    await page.addInitScript(noteMarks);
    const link = demo.printed.map((line) => /http\S+\/sign-in#\S+/.exec(line)?.[0]).find(Boolean);
    await page.goto(link);
    await page.waitForURL(/\/wall/);
    for (const [width, height, times] of [[1920, 1080, 10], [3840, 2160, 3]]) {
      // The wall before this one must not go on drawing in the new size.
      await page.goto("about:blank");
      await page.setViewportSize({ width, height });
      const took = [];
      for (let i = 0; i < times; i += 1) {
        await page.goto(`${demo.base}/wall/A?focus=off`);
        took.push(await (await page.waitForFunction(() => window.opened)).jsonValue());
      }
      const all = (name) => took.map((it) => it[name].toFixed(0)).sort((a, b) => a - b).join(" ");
      t.diagnostic(`${width}x${height}, ms: live ${all("live")}; features ${all("features")}; streets ${all("streets")}`);
    }
  } finally {
    await demo.close();
  }
});
