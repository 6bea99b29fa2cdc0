// A wall whose link is lost: what came as tiles stays as it was, wherever somebody looks and however the screen changes, and is fetched
// anew by itself when the link is back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const SMALL = { width: 1280, height: 720 };
const LARGE = { width: 1920, height: 1080 };
let server, browser, page;

before(async () => {
  server = await Server.start();
  const view = { heading_deg: 90, fov_deg: 70, range_m: 400, camera_kind: "fixed", owner_kind: "city" };
  await server.post("cameras", point("c-west", -1, 0, { name: "Stone & Congress", ...view }));
  await server.post("cameras", point("c-east", 60, 0, { name: "Far east", ...view }));
  await server.post("incidents", point("i1", 0, 1, { type: "collision", priority: 2, discipline: "police", status: "open", address: "Stone" }));
  browser = await Browser.open({ viewport: SMALL });
  page = browser.page;
  await page.goto(await server.link());
  await page.waitForURL(/\/wall/);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** Waits until these cameras are drawn, with their cones, and no others. */
async function drawn(...ids) {
  const reached = (wanted) => {
    const map = window.__wall?.map;
    if (map === undefined) return false;
    const of = (layer) => [...new Set(map.queryRenderedFeatures().filter((it) => it.source === `data-${layer}`).map((it) => it.properties.id))].sort();
    return JSON.stringify(of("cameras")) === wanted && of("coverage").length === JSON.parse(wanted).length;
  };
  await page.waitForFunction(reached, JSON.stringify(ids), { timeout: 25_000 });
}

const look = (lon, zoom) =>
  page.evaluate(([center, zoom]) => window.__wall.map.jumpTo({ center, zoom }), [[lon, DOWNTOWN[1]], zoom]);
/** A tile that is fetched unchanged is not drawn anew: the map says nothing then. */
const settled = () => page.waitForFunction(() => window.__wall.map.areTilesLoaded());

test("what came as tiles stays while the link is lost, whatever is done meanwhile", async () => {
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},15&focus=off`);
  await browser.state("state", "live");
  await drawn("c-west");
  await look(DOWNTOWN[0] + 0.06, 15);
  await drawn("c-east");
  await look(DOWNTOWN[0], 15);
  await drawn("c-west");

  await server.kill();
  // As the wall itself does every now and then: before it knows, and afterwards to no avail.
  const ask = () => page.evaluate(() => ["data-cameras", "data-coverage"].forEach((it) => window.__wall.map.refreshTiles(it)));
  await ask();
  await page.getByText("CONNECTION LOST").waitFor();
  await settled();
  await drawn("c-west");
  await ask();
  await settled();
  await drawn("c-west");

  await page.setViewportSize(LARGE);
  await page.waitForFunction((width) => window.innerWidth === width, LARGE.width);
  await settled();
  await drawn("c-west");
  await look(DOWNTOWN[0] + 0.06, 15);
  await settled();
  await drawn("c-east");
  await look(DOWNTOWN[0], 15);
  await drawn("c-west");
  // Nothing was ever fetched for this zoom.
  await look(DOWNTOWN[0], 14);
  await settled();
  await drawn("c-west");
  await look(DOWNTOWN[0], 17);
  await settled();
  await drawn("c-west");
  await browser.shot("lost-tiles");
});

test("there is no other style then, and the wall says so", async () => {
  await page.keyboard.press("d");
  await page.locator("p.hint").getByText("There is no other style while the connection is lost.").waitFor();
  await settled();
  await drawn("c-west");
  assert.equal(new URL(page.url()).searchParams.get("style"), null);
});

test("when the link is back, what changed meanwhile comes by itself", async () => {
  await page.evaluate(() => (window.samePage = true));
  await server.launch();
  const view = { heading_deg: 270, fov_deg: 70, range_m: 300, camera_kind: "fixed", owner_kind: "city" };
  await server.post("cameras", point("c-new", 0.4, 0.2, { name: "New", ...view }));
  await browser.state("state", "live");
  await drawn("c-new", "c-west");
  assert.equal(await page.evaluate(() => window.samePage), true, "it is the same page still");
});

test("a style that the server cannot give just now is not put on", async () => {
  await page.route("**/styles/**", (route) => route.abort());
  await page.keyboard.press("d");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("style") === "day");
  await browser.state("map", "idle");
  await drawn("c-new", "c-west");
  assert.ok(await page.evaluate(() => window.__wall.map.getStyle().layers.length > 20), "the ground is there");
  await page.unroute("**/styles/**");
});

test("nothing on the page complained but for the lost link", () => {
  const lost = /WebSocket|ERR_CONNECTION|ERR_FAILED|Failed to load resource|Failed to fetch/;
  assert.deepEqual(browser.complaints.filter((it) => !lost.test(it)), []);
});
