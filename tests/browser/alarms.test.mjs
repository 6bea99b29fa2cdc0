// What the wall does by itself when something alarms: an inset that takes nothing away, a tone that is never the only sign, and plates
// that nobody reads in passing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const HERE = `at=${DOWNTOWN.join(",")},14`;
const urgent = { type: "shooting", priority: 1, discipline: "police", status: "open", address: "Congress & Sixth" };
let server, browser, page;
const inset = () => page.getByRole("region", { name: "Shooting" });

before(async () => {
  server = await Server.start();
  const view = { heading_deg: 90, fov_deg: 70, range_m: 400, camera_kind: "fixed", owner_kind: "city" };
  await server.post("cameras", point("c-west", -1, 0, { name: "Stone & Congress", ...view }));
  await server.post("cameras", point("c-far", 9, 0, { name: "Far away", ...view }));
  browser = await Browser.open();
  page = browser.page;
  await page.goto(await server.link("operator", "cji"));
  await page.waitForURL(/\/wall/);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function openWall(query) {
  await page.goto(`${server.base}/wall/A?${HERE}${query}`);
  await browser.state("state", "live");
  await browser.state("map", "idle");
}

test("an alarm opens an inset with the cameras that see it, and the main view stays", async () => {
  await openWall("");
  const pose = () => page.evaluate(() => [...window.__wall.map.getCenter().toArray(), window.__wall.map.getZoom()]);
  const before = await pose();
  await server.post("incidents", point("urgent", 0, 0, urgent));
  await inset().waitFor();
  await inset().getByText("Stone & Congress").waitFor();
  assert.match(await inset().getByRole("listitem").first().innerText(), /Stone & Congress\s+sees it/);
  assert.ok((await inset().getByRole("listitem").count()) <= 4);
  assert.deepEqual(await pose(), before);
  const [own, rail] = [await inset().boundingBox(), await page.getByRole("region", { name: "Alerts" }).boundingBox()];
  assert.ok(own.x + own.width <= rail.x, "the rail is not covered");
  assert.equal(await page.evaluate(() => document.activeElement === document.body), true, "the focus of the keyboard was not taken");
  assert.deepEqual(await browser.violations(), [], "with the inset open");
  await browser.shot("alarm-inset");
});

test("P keeps the inset, and Escape lets it go", async () => {
  await page.keyboard.press("p");
  await inset().getByRole("button", { name: "Pinned" }).waitFor();
  await server.post("incidents", point("later", 1, 1, { ...urgent, type: "stabbing" }));
  await browser.holds("incidents", ["later", "urgent"]);
  assert.ok(await inset().isVisible(), "a pinned inset is not taken over");
  await page.keyboard.press("Escape");
  await inset().waitFor({ state: "detached" });
});

test("an inset goes by itself, and the address can switch it off", async () => {
  await openWall("&focus=2");
  await server.post("incidents", point("brief", 0, 1, urgent));
  await inset().waitFor();
  await inset().waitFor({ state: "detached" });

  await openWall("&focus=off");
  await server.post("incidents", point("unseen", 0, -1, { ...urgent, address: "Nowhere in particular" }));
  await page.getByText("Nowhere in particular").first().waitFor();
  assert.equal(await inset().count(), 0);
});

test("with reduced motion nothing slides in", async () => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await openWall("");
  await server.post("incidents", point("still", 1, 0, urgent));
  await inset().waitFor();
  assert.equal(await inset().evaluate((it) => getComputedStyle(it).animationName), "none");
  await page.emulateMedia({ reducedMotion: null });
});

test("sound that the browser keeps back is said, and a click frees it", async () => {
  await openWall("&sound=on&volume=5&focus=off");
  await page.getByText("Sound blocked").waitFor();
  assert.deepEqual(await browser.violations(), []);
  await page.locator("h1").click();
  await page.getByText("Sound blocked").waitFor({ state: "detached" });
  const sounded = async (id, priority) => {
    await server.post("incidents", point(id, 2, 2, { ...urgent, priority }));
    const tone = (wanted) => document.documentElement.dataset.tone === wanted;
    await page.waitForFunction(tone, String(priority));
  };
  // The election takes a moment: the first alarms may come before it is won.
  const elected = () => document.documentElement.dataset.sounds === "here";
  await page.waitForFunction(elected);
  await sounded("loud-2", 2);
  await sounded("loud-1", 1);
});

test("volume and quiet hours are set by keyboard, kept, and said", async () => {
  await page.keyboard.press("v");
  await page.getByRole("heading", { name: "Sound" }).waitFor();
  await page.getByRole("checkbox", { name: "Quiet hours" }).check();
  await page.getByLabel("from").fill("00:00");
  await page.getByLabel("to", { exact: true }).fill("23:59");
  assert.deepEqual(await browser.violations(), [], "with the sound dialog open");
  await page.keyboard.press("Escape");
  await page.getByText("Quiet until 23:59").waitFor();
  await openWall("&sound=on");
  await page.locator("h1").click();
  await page.getByText("Quiet until 23:59").waitFor();
});

test("a plate is masked until somebody with the clearance opens it", async () => {
  await openWall("&focus=off");
  const hit = { plate: "ABC1234", status: "confirmed", reason: "stolen_vehicle", camera: "c-west" };
  await server.post("alpr_hits", point("hit", 0, 0.2, hit));
  const card = page.getByRole("button", { name: /Stolen vehicle/ });
  await card.click();
  await page.getByRole("heading", { name: "Nearest cameras" }).waitFor();
  const whole = () => page.getByText("ABC1234").count();
  assert.equal(await whole(), 0);
  await page.keyboard.press("o");
  await page.getByText("ABC1234").waitFor();
  await page.keyboard.press("o");
  await page.getByText("ABC1234").waitFor({ state: "detached" });
});

test("nothing on the page complained", () => assert.deepEqual(browser.complaints, []));
