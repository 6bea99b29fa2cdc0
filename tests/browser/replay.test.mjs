// Replay: the wall shows what was there then, says so all over, and is back in the present by one key.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser, PATIENCE_MS } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const HERE = `at=${DOWNTOWN.join(",")},15`;
const CALL = { type: "collision", priority: 2, discipline: "police", status: "open", address: "Congress & Stone" };
const SETTLED_MS = 6500;
let server, browser, page, told, then, freshAt;

/** Waits on the page's own clock. */
const past = (instant) => page.waitForFunction((ms) => Date.now() > ms, instant, { timeout: PATIENCE_MS });

/** Whether the map draws an incident so far east of downtown. */
const drawnAt = (id, east) => {
  const drawn = ([wanted, lon]) => {
    const map = window.__wall.map;
    const found = map.querySourceFeatures("data-incidents").filter((it) => it.properties.id === wanted);
    const rendered = map.queryRenderedFeatures().some((it) => it.properties.id === wanted);
    return rendered && found.length > 0 && found.every((it) => Math.abs(it.geometry.coordinates[0] - lon) < 1e-4);
  };
  return page.waitForFunction(drawn, [id, DOWNTOWN[0] + east / 1000], { timeout: PATIENCE_MS });
};

/** Whether the map draws units at all. */
const unitsDrawn = (wanted) => {
  const drawn = (any) => window.__wall.map.querySourceFeatures("data-units").length > 0 === any;
  return page.waitForFunction(drawn, wanted, { timeout: PATIENCE_MS });
};

const slider = () => page.getByRole("slider", { name: "Instant shown" });
const stands = async () => Number(await slider().getAttribute("aria-valuenow"));

before(async () => {
  server = await Server.start();
  browser = await Browser.open();
  page = browser.page;
  await page.goto(await server.link());
  await page.waitForURL(/\/wall/);
  await server.post("incidents", point("moved", -2, 0, CALL), point("gone", 2, 0, { ...CALL, priority: 3 }));
  told = Date.now();
  then = Math.ceil((told + 1) / 1000) * 1000;
  await past(then + 1000);
  await server.post("incidents", point("moved", 4, 1, CALL));
  await server.post("incidents", { ...point("gone", 0, 0, { withdrawn: true }), geometry: null });
  await server.post("units", point("later", 1, -1, { call_sign: "2A14", unit_kind: "patrol", status: "busy" }));
  await past(then + 1000 + SETTLED_MS);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test("a replay opens by its address and shows what was there then", async () => {
  const text = `${new Date(then).toISOString().slice(0, 19)}Z`;
  await page.goto(`${server.base}/wall/A?${HERE}&replay=${text}`);
  await browser.state("replay", text);
  await browser.holds("incidents", ["gone", "moved"]);
  await drawnAt("moved", -2);
  await drawnAt("gone", 2);
  await page.getByText("Congress & Stone").nth(1).waitFor();
});

test("it cannot be taken for the present, and is accessible", async () => {
  const border = await page.locator(".frame").evaluate((it) => getComputedStyle(it).borderTopColor);
  assert.equal(border, "rgb(245, 163, 0)", "the amber frame");
  assert.match(await page.locator("header").innerText(), /REPLAY\s+\d\d:\d\d:\d\d/);
  assert.doesNotMatch(await page.locator("header").innerText(), /\bLIVE\b/);
  assert.match(await page.title(), /^REPLAY \d\d:\d\d/);
  assert.deepEqual(await browser.violations(), []);
  await browser.shot("replay");
  await page.keyboard.press("d");
  await browser.state("map", "idle");
  await drawnAt("moved", -2);
  assert.deepEqual(await browser.violations(), [], "by day");
  await browser.shot("replay-day");
  await page.keyboard.press("d");
});

test("what is found is of now, which is said; what was not there then is not opened, and what was is found where it was", async () => {
  await page.keyboard.press("f");
  await page.getByText("Finds what there is now. The map shows").waitFor();
  await page.getByRole("combobox").fill("2A14");
  const absent = page.getByRole("option", { name: /2A14.*not there then/ });
  await absent.waitFor();
  assert.equal(await absent.isDisabled(), true);
  await page.keyboard.press("Enter");
  assert.deepEqual(await browser.violations(), [], "with find open");
  await page.getByRole("combobox").fill("Congress & Stone");
  await page.getByRole("option").first().waitFor();
  await page.waitForFunction(() => document.querySelector('[role="option"]')?.textContent.includes("Congress"));
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Close", exact: true }).waitFor();
  await page.getByText(`${DOWNTOWN[1].toFixed(5)}, ${(DOWNTOWN[0] - 0.002).toFixed(5)}`).waitFor();
  await page.getByRole("button", { name: "Close", exact: true }).click();
});

test("what comes meanwhile is counted, neither drawn nor listed", async () => {
  await server.post("incidents", point("fresh", 1, -1, { ...CALL, priority: 1, address: "Sixth & Broadway" }));
  freshAt = Date.now();
  await page.getByText("1 new").waitFor();
  await browser.holds("incidents", ["gone", "moved"]);
  assert.equal(await page.getByText("Sixth & Broadway").count(), 0);
  assert.equal(await page.locator(".focus").count(), 0, "an alarm of the present gets no inset over the past");
});

test("one key brings the present back", async () => {
  await page.keyboard.press("Escape");
  await browser.holds("incidents", ["fresh", "moved"]);
  await drawnAt("moved", 4);
  await unitsDrawn(true);
  await page.locator(".frame").waitFor({ state: "detached" });
  await page.getByText("Sixth & Broadway").first().waitFor();
  assert.match(await page.locator("header").innerText(), /\bLIVE\b/);
  assert.doesNotMatch(await page.title(), /REPLAY/);
  assert.doesNotMatch(page.url(), /replay/);
});

test("where the record is younger than five minutes, a replay begins with the first record and not before", async () => {
  await page.keyboard.press("r");
  await slider().waitFor();
  await browser.holds("incidents", ["gone", "moved"]);
  await drawnAt("moved", -2);
  const first = Math.floor(told / 1000);
  assert.ok(Math.abs((await stands()) - first) <= 2, `it stands at ${await stands()}, the first record is of ${first}`);
  assert.ok(Date.parse(new URL(page.url()).searchParams.get("replay")) / 1000 === (await stands()), "the address says so");
  await page.keyboard.press("Escape");
  await page.locator(".frame").waitFor({ state: "detached" });
});

test("the timeline is worked by keyboard: it moves, plays, and follows what changed", async () => {
  await page.keyboard.press("r");
  await slider().waitFor();
  await page.keyboard.press("Home");
  // Kept is from a whole hour on, and nothing had happened by then.
  await browser.holds("incidents", []);
  await unitsDrawn(false);
  const rail = page.getByRole("region", { name: "Alerts" });
  await rail.getByText("Nothing was recorded by then: incidents, plate hits, blockages.").waitFor();
  const text = `${new Date(then).toISOString().slice(0, 19)}Z`;
  await page.goto(`${server.base}/wall/A?${HERE}&replay=${text}`);
  await browser.holds("incidents", ["gone", "moved"]);
  const began = await stands();
  await page.keyboard.press("]");
  assert.equal(await page.getByRole("button", { name: "5 times as fast", exact: true }).getAttribute("aria-pressed"), "true");
  await page.keyboard.press("Space");
  // Nor will it be held again: what comes later in the replay does not matter, however late this is looked at.
  const withdrawn = () => {
    const ids = window.__wall.features("incidents").map((it) => it.id);
    return ids.includes("moved") && !ids.includes("gone");
  };
  await page.waitForFunction(withdrawn);
  await drawnAt("moved", 4);
  assert.ok((await stands()) > began, "it has moved on");
});

test("the pointer leads back and forth, and a button to the present", async () => {
  const box = await slider().boundingBox();
  await page.mouse.click(box.x + 2, box.y + 10);
  await browser.holds("incidents", []);
  // A pixel is up to a few seconds, and the latest seconds are not shown.
  await past(freshAt + SETTLED_MS + 8000);
  await page.mouse.click(box.x + box.width - 2, box.y + 10);
  await browser.holds("incidents", ["fresh", "moved"]);
  await drawnAt("moved", 4);
  await page.getByRole("button", { name: "Back to live" }).click();
  await page.locator(".frame").waitFor({ state: "detached" });
  await browser.holds("incidents", ["fresh", "moved"]);
});

test("nothing on the page complained", () => assert.deepEqual(browser.complaints, []));
