// The wall in a browser: it boots, shows what is posted, says when it is blind, and can be worked by keyboard.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const HERE = `at=${DOWNTOWN.join(",")},15`;
let server, browser, page;

before(async () => {
  server = await Server.start();
  const view = { heading_deg: 90, fov_deg: 70, range_m: 400, camera_kind: "fixed", owner_kind: "city" };
  await server.post("cameras", point("c-west", -1, 0, { name: "Stone & Congress", ...view }));
  await server.post("cameras", point("c-east", 2, 0, { name: "Sixth & Congress", ...view }));
  browser = await Browser.open();
  page = browser.page;
  await page.goto(await server.link());
  await page.waitForURL(/\/wall/);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test("the wall boots to a live, drawn map", async () => {
  await page.goto(`${server.base}/wall/A?${HERE}`);
  await browser.state("state", "live");
  await browser.state("map", "idle");
  await browser.shot("wall-empty");
});

test("a posted event reaches the map without a reload", async () => {
  const incident = { type: "collision", priority: 2, discipline: "police", status: "open", address: "Congress & Stone" };
  await server.post("incidents", point("i1", 0, 0, incident));
  await browser.holds("incidents", ["i1"]);
  await page.getByText("Congress & Stone").first().waitFor();
  const drawn = () => window.__wall.map.queryRenderedFeatures().some((it) => it.properties.id === "i1");
  await page.waitForFunction(drawn);
  await browser.shot("wall-incident");
});

test("a unit that moves is moved, and a withdrawn one is gone", async () => {
  const unit = { call_sign: "2A14", unit_kind: "patrol", status: "en route" };
  await server.post("units", point("u1", 1, 1, unit));
  await browser.holds("units", ["u1"]);
  await server.post("units", point("u1", 2, 1, unit));
  const moved = (lon) => window.__wall.features("units").some((it) => Math.abs(it.geometry.coordinates[0] - lon) < 1e-6);
  await page.waitForFunction(moved, DOWNTOWN[0] + 0.002);
  await server.post("units", { ...point("u1", 0, 0, { withdrawn: true }), geometry: null });
  await browser.holds("units", []);
});

test("details open with the cameras that see it and the nearest, by keyboard alone", async () => {
  await page.keyboard.press("]");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Cameras that see it" }).waitFor();
  await page.getByRole("heading", { name: "Nearest cameras" }).waitFor();
  await page.getByText("Stone & Congress").first().waitFor();
  const heading = await page.getByRole("heading", { level: 1 }).innerText();
  assert.match(heading, /Collision\s+Congress & Stone/, "the header says what is looked at, and where that is");
  // No camera of this server has a stream: the best of them stands there by name, and says so.
  const tile = page.getByRole("figure");
  await tile.getByText("No stream for this camera").waitFor();
  assert.match(await tile.innerText(), /Stone & Congress/);
  assert.equal(await tile.locator("video").count(), 0);
  await browser.shot("wall-details");
  assert.deepEqual(await browser.violations(), [], "with details open");
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Cameras that see it" }).waitFor({ state: "detached" });
});

test("details that go on say so, and Page Down shows the rest of them", async () => {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 1280, height: 520 });
  await page.keyboard.press("Enter");
  const more = page.getByText("More below");
  await more.waitFor();
  await page.evaluate(() => document.activeElement.blur());
  while (await more.isVisible()) {
    await page.keyboard.press("PageDown");
    await page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
  }
  const end = page.getByText(`${DOWNTOWN[1].toFixed(5)}, ${DOWNTOWN[0].toFixed(5)}`);
  const [line, map] = [await end.boundingBox(), await page.getByRole("main").boundingBox()];
  assert.ok(line.y + line.height <= map.y + map.height, "the last line is on the screen");
  await page.keyboard.press("Escape");
  await end.waitFor({ state: "detached" });
  await page.setViewportSize(size);
});

test("the selection's ring lies under every name", async () => {
  const ids = await page.evaluate(() => window.__wall.map.getStyle().layers.map(({ id }) => id));
  const names = ids.filter((id) => id.endsWith("-name"));
  assert.ok(names.length > 3);
  for (const name of names) assert.ok(ids.indexOf("selection-ring") < ids.indexOf(name), name);
});

test("a key with nothing to do says so", async () => {
  const hint = page.locator("p.hint");
  await page.keyboard.press("o");
  await hint.getByText("Nothing with a plate is open.").waitFor();
  assert.equal(await hint.getAttribute("role"), "status");
  await page.keyboard.press("9");
  await hint.getByText(/^There are no scenes\.$/).waitFor();
  assert.deepEqual(await browser.violations(), [], "with the hint");
  await hint.getByText(/./).waitFor({ state: "detached" });
});

test("layers, help and find open and close by keyboard, and are accessible", async () => {
  for (const [key, name] of [["l", "layers"], ["?", "help"], ["f", "find"]]) {
    await page.keyboard.press(key);
    const heading = page.getByRole("heading", { name: new RegExp(name === "help" ? "help|keys" : name, "i") }).first();
    await heading.waitFor();
    assert.deepEqual(await browser.violations(), [], `with ${name} open`);
    await browser.shot(`wall-${name}`);
    await page.keyboard.press("Escape");
    await heading.waitFor({ state: "hidden" });
  }
});

test("a key that follows at once on the closing of a dialog is not lost in it", async () => {
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keys and signs" }).waitFor();
  await page.evaluate(() => {
    const dialog = document.querySelector("dialog[open]");
    const button = dialog.querySelector("button");
    dialog.close();
    button.dispatchEvent(new KeyboardEvent("keydown", { key: "f", bubbles: true, cancelable: true }));
  });
  const find = page.getByRole("heading", { name: "Find" });
  await find.waitFor();
  await page.keyboard.press("Escape");
  await find.waitFor({ state: "hidden" });
});

test("Escape closes one panel and no more, however soon the next key follows", async () => {
  await page.keyboard.press("]");
  await page.keyboard.press("Enter");
  const details = page.getByRole("heading", { name: "Nearest cameras" });
  await details.waitFor();
  const help = page.getByRole("heading", { name: "Keys and signs" });
  const find = page.getByRole("heading", { name: "Find" });
  for (const [key, panel] of [["?", help], ["f", find]]) {
    await page.keyboard.press(key);
    await panel.waitFor();
    await Promise.all(["Escape", "?"].map((it) => page.keyboard.press(it)));
    await help.waitFor();
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });
    assert.ok(await details.isVisible(), "the details stay");
  }
  await page.keyboard.press("Escape");
  await details.waitFor({ state: "detached" });
});

test("Shift and F fill the screen, and give it back", async () => {
  const filled = (wanted) => (document.fullscreenElement === document.documentElement) === wanted;
  assert.equal(await page.evaluate(filled, true), false);
  await page.keyboard.press("Shift+F");
  await page.waitForFunction(filled, true);
  await page.keyboard.press("Shift+F");
  await page.waitForFunction(filled, false);
});

test("night and day are both accessible", async () => {
  for (const shot of ["wall-other-theme", "wall-theme"]) {
    await page.keyboard.press("d");
    await browser.state("map", "idle");
    assert.deepEqual(await browser.violations(), []);
    await browser.shot(shot);
  }
});

test("a lost link is said within 8 s and the wall recovers without a reload", async () => {
  // The page itself notes when it says so: on a busy machine it is asked late.
  await page.evaluate(() => {
    window.sameDocument = true;
    const look = (_, observer) => {
      if (!document.querySelector(".lost [role=alert]")?.textContent.includes("CONNECTION LOST")) return;
      window.saidAt = Date.now();
      observer.disconnect();
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true });
  });
  await server.kill();
  const died = Date.now();
  await page.getByText("CONNECTION LOST").waitFor();
  const took_s = ((await page.evaluate(() => window.saidAt)) - died) / 1000;
  assert.ok(took_s < 8, `the banner came after ${took_s.toFixed(1)} s`);
  await browser.shot("wall-lost");
  assert.deepEqual(await browser.violations(), [], "with the banner");

  await server.launch();
  await server.post("incidents", point("i2", 1, -1, { type: "fire", priority: 1, discipline: "fire", status: "open" }));
  await browser.holds("incidents", ["i1", "i2"]);
  await browser.state("state", "live");
  await page.getByText("CONNECTION LOST").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => window.sameDocument), true, "it is the same page still");
  await browser.shot("wall-recovered");
});

test("nothing on the page complained but for the lost link", async () => {
  const lost = /WebSocket|ERR_CONNECTION|Failed to load resource|Failed to fetch/;
  assert.deepEqual(browser.complaints.filter((it) => !lost.test(it)), []);
});
