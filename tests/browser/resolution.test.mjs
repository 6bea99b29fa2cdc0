// A display without a graphics processor, whose frames take as long as they have pixels: a map that grows fills its place at once and
// draws no more pixels than before, and its symbols are those of the full resolution, however few pixels are drawn.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser, PATIENCE_MS } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const SMALL = { width: 960, height: 540 };
const LARGE = { width: 1920, height: 1080 };
let server, browser, page;
const sprites = [];

/** Lets the page believe that every frame takes so many ms for a million of its pixels. */
function slowFrames() {
  const MS_OF_MILLION = 200;
  const dues = new WeakMap();
  const { fenceSync, getSyncParameter } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.fenceSync = function (...args) {
    const sync = fenceSync.apply(this, args);
    const pixels = this.drawingBufferWidth * this.drawingBufferHeight;
    if (sync !== null) dues.set(sync, performance.now() + (pixels / 1e6) * MS_OF_MILLION * (window.__slow ?? 1));
    return sync;
  };
  WebGL2RenderingContext.prototype.getSyncParameter = function (sync, name) {
    const isDue = performance.now() >= (dues.get(sync) ?? 0);
    return isDue ? getSyncParameter.call(this, sync, name) : this.UNSIGNALED;
  };
}

before(async () => {
  server = await Server.start();
  await server.post("incidents", point("fire", 0, 0, { type: "fire", priority: 2, discipline: "fire", status: "open", address: "Stone" }));
  browser = await Browser.open({ viewport: SMALL, deviceScaleFactor: 2 });
  page = browser.page;
  await page.addInitScript(slowFrames);
  page.on("request", (request) => request.url().includes("/sprites/") && sprites.push(new URL(request.url()).pathname));
  await page.goto(await server.link());
  await page.waitForURL(/\/wall/);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function open(query) {
  sprites.length = 0;
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},14&focus=off&${query}`);
  await browser.state("state", "live");
  await page.waitForFunction(() => document.documentElement.dataset.drawn !== undefined, null, { timeout: PATIENCE_MS });
}

const drawnPixels = () =>
  page.evaluate(() => {
    const canvas = window.__wall.map.getCanvas();
    return canvas.width * canvas.height;
  });

test("a map that grows fills its place in every frame, and never draws more pixels than before", async () => {
  await open("scale=1");
  const before = await drawnPixels();
  await page.evaluate(() => {
    const canvas = window.__wall.map.getCanvas();
    const container = window.__wall.map.getContainer();
    const seen = (window.__seen = { most: 0, emptied: 0 });
    new MutationObserver(() => (seen.most = Math.max(seen.most, canvas.width * canvas.height))).observe(canvas, { attributes: true });
    const look = () => {
      const [drawn, place] = [canvas, container].map((it) => it.getBoundingClientRect());
      if (Math.abs(drawn.width - place.width) > 1 || Math.abs(drawn.height - place.height) > 1) seen.emptied += 1;
      requestAnimationFrame(look);
    };
    look();
  });
  // The frames it has measured by now are those of a small map.
  await page.setViewportSize(LARGE);
  await page.waitForFunction((width) => window.innerWidth === width && window.__seen.most > 0, LARGE.width);
  await browser.state("map", "idle");
  const seen = await page.evaluate(() => window.__seen);
  assert.ok(seen.most <= before * 1.2, `${seen.most} pixels were drawn, ${before} before`);
  assert.equal(seen.emptied, 0, "frames in which the map did not fill its place");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.drawn !== "100 %"), true);
  await browser.shot("grown");
});

test("a style that is put on while few pixels are drawn has the symbols of the full resolution", async () => {
  await page.addInitScript(() => (window.__slow = 20));
  await page.setViewportSize(SMALL);
  await open("scale=1");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.drawn === "100 %"), false, "few pixels are drawn");
  assert.ok(await page.evaluate(() => window.__wall.map.getPixelRatio() <= 1), "so few that MapLibre asks for the coarse ones");
  await page.keyboard.press("d");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("style") === "day");
  await browser.state("map", "idle");
  assert.ok(sprites.length >= 4, "by night and by day");
  assert.deepEqual(sprites.filter((it) => !it.includes("@2x.")), []);
});

test("the scale, the map's pixels and the inset's follow the screen", async () => {
  await page.addInitScript(() => (window.__slow = 0));
  await page.setViewportSize(LARGE);
  await open("");
  await page.goto(page.url().replace("focus=off", "focus=600"));
  await browser.state("state", "live");
  await server.post("incidents", point("urgent", 1, 0, { type: "shooting", priority: 1, discipline: "police", status: "open", address: "Sixth" }));
  await page.waitForFunction(() => window.__wall?.inset()?.loaded());
  const seen = () => {
    const { map, inset } = window.__wall;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const [canvas, place] = [map.getCanvas(), map.getContainer()].map((it) => it.getBoundingClientRect());
    return { rem, same: Math.abs(inset().getPixelRatio() - map.getPixelRatio()) < 1e-9, fills: Math.abs(canvas.width - place.width) < 2, ground: map.getBounds().getEast() };
  };
  const before = await page.evaluate(seen);
  assert.deepEqual([before.rem, before.same], [20, true]);
  const ratio = await page.evaluate(() => window.__wall.map.getPixelRatio());
  await page.setViewportSize({ width: 2 * LARGE.width, height: 2 * LARGE.height });
  await page.waitForFunction(() => getComputedStyle(document.documentElement).fontSize === "40px");
  await page.waitForFunction((old) => window.__wall.map.getPixelRatio() !== old || document.documentElement.dataset.drawn !== "100 %", ratio);
  const after = await page.evaluate(seen);
  assert.deepEqual([after.same, after.fills], [true, true]);
  assert.ok(Math.abs(after.ground - before.ground) < 1e-4, "the same ground is shown, twice as large");
  await page.setViewportSize(LARGE);
  await page.waitForFunction(() => getComputedStyle(document.documentElement).fontSize === "20px");
});

test("nothing on the page complained", () => assert.deepEqual(browser.complaints, []));
