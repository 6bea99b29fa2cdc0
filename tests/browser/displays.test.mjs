// Several displays that show one view: their pictures join, and what one does to the view, its neighbours do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser, PATIENCE_MS } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const HERE = `scale=1&at=${DOWNTOWN.join(",")},14`;
let server, browser, left, right;

before(async () => {
  server = await Server.start();
  await server.post("incidents", point("west", -8, 0, { type: "fire", priority: 2, discipline: "fire", status: "open", address: "West" }));
  await server.post("incidents", point("east", 8, 0, { type: "fire", priority: 2, discipline: "fire", status: "open", address: "East" }));
  browser = await Browser.open();
  left = browser.page;
  await left.goto(await server.link());
  await left.waitForURL(/\/wall/);
  right = await browser.context.newPage();
  await right.setViewportSize({ width: 1280, height: 720 });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const idle = (page) => page.waitForFunction(() => document.documentElement.dataset.map === "idle");

async function open(page, query, name = "A") {
  await page.goto(`${server.base}/wall/${name}?${query}`);
  await idle(page);
}

/** The corners of what a display shows, in px of the world at its zoom; top left, top right, bottom right, bottom left. */
const corners = (page) =>
  page.evaluate(() => {
    const { map } = window.__wall;
    const canvas = map.getCanvas();
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const worldPx = 512 * 2 ** map.getZoom();
    const rad = Math.PI / 180;
    const world = ({ lng, lat }) => [
      ((lng + 180) / 360) * worldPx,
      ((1 - Math.log(Math.tan(Math.PI / 4 + (lat * rad) / 2)) / Math.PI) / 2) * worldPx,
    ];
    return [[0, 0], [width, 0], [width, height], [0, height]].map((at) => world(map.unproject(at)));
  });

/** Waits until so many px lie between the two displays, at the top and at the bottom: what one does, the other hears a moment later. */
async function join(what, wanted_px = 0) {
  const until = performance.now() + PATIENCE_MS;
  let apart_px;
  do {
    await Promise.all([idle(left), idle(right)]);
    const [west, east] = [await corners(left), await corners(right)];
    const pairs = [[west[1], east[0]], [west[2], east[3]]];
    apart_px = pairs.map(([[ax, ay], [bx, by]]) => Math.hypot(ax - bx, ay - by));
    if (apart_px.every((it) => Math.abs(it - wanted_px) < 0.1)) return;
    await left.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
  } while (performance.now() < until);
  assert.fail(`${what}: ${apart_px.map((it) => it.toFixed(3)).join(" and ")} px apart, not ${wanted_px}`);
}

test("two displays side by side join without gap or overlap, the middle of the view between them", async () => {
  await open(left, `cell=1,1&grid=2,1&${HERE}`);
  await open(right, `cell=2,1&grid=2,1&${HERE}`);
  await join("upright");
  const middle = await left.evaluate(([lon, lat]) => window.__wall.map.project([lon, lat]), DOWNTOWN);
  assert.ok(Math.abs(middle.x - 1280) < 0.1 && Math.abs(middle.y - 360) < 0.1, JSON.stringify(middle));
  const drawn = (id) => window.__wall.map.queryRenderedFeatures().some((it) => it.properties.id === id);
  await left.waitForFunction(drawn, "west");
  await right.waitForFunction(drawn, "east");
  await left.screenshot({ path: new URL("out/display-1.png", import.meta.url).pathname });
  await right.screenshot({ path: new URL("out/display-2.png", import.meta.url).pathname });
});

test("one display carries header and rail, and both are accessible", async () => {
  const rails = [left, right].map((page) => page.getByRole("region", { name: "Alerts" }).count());
  assert.deepEqual(await Promise.all(rails), [0, 1]);
  assert.deepEqual(await browser.violations(), [], "the one without");
  assert.match(await right.getByRole("banner").innerText(), /LIVE/);
});

test("what one does to the view, the other does, and they still join", async () => {
  const zoomed = () => window.__wall.map.getZoom() > 14.9;
  await left.bringToFront();
  await left.keyboard.press("+");
  await right.waitForFunction(zoomed);
  await left.waitForFunction(zoomed);
  await join("zoomed");
  await right.bringToFront();
  await right.keyboard.press("ArrowUp");
  await idle(right);
  await left.bringToFront();
  await join("moved");
  await left.keyboard.press("d");
  await right.waitForFunction(() => new URL(location.href).searchParams.get("style") === "day");
  assert.match(right.url(), /cell=2,1&grid=2,1/, "the address still says which display this is");
});

test("turned, resized, and behind their frames they join too", async () => {
  const turned = `scale=1&at=${DOWNTOWN.join(",")},13.5,30,0`;
  await open(left, `cell=1,1&grid=2,1&bezel=60&${turned}`, "B");
  await open(right, `cell=2,1&grid=2,1&bezel=60&${turned}`, "B");
  await join("behind the frames", 60);
  for (const page of [left, right]) {
    await page.setViewportSize({ width: 1000, height: 600 });
    await page.waitForFunction(() => window.__wall.map.getCanvas().clientHeight === 600);
    await idle(page);
  }
  await join("resized", 60);
});

test("nothing on the page complained", () => assert.deepEqual(browser.complaints, []));
