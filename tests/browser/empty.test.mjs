// A wall with little to show says so, and where it may not be followed: an empty rail, a server without scenes, an address in vain.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const INCIDENT = { type: "fire", priority: 2, discipline: "fire", status: "open", address: "Stone & Broadway" };
let server, browser, page;
const rail = () => page.getByRole("region", { name: "Alerts" });

before(async () => {
  server = await Server.start();
  browser = await Browser.open();
  page = browser.page;
  await page.goto(await server.link());
  await page.waitForURL(/\/wall/);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function open(query = "") {
  await page.goto(`${server.base}/wall/A${query}`);
  await browser.state("state", "live");
  await page.waitForFunction(() => window.__wall !== undefined);
}

/** Signs out, away from the wall: that would itself lead to the sign-in page once its session is gone. */
async function leave() {
  await page.goto("about:blank");
  await page.context().clearCookies();
}

test("where nobody reports, an empty rail does not claim that all is quiet", async () => {
  await open();
  await rail().getByText("Nothing is listed. No feed reports: incidents, plate hits, blockages.").waitFor();
});

test("a server without scenes opens where its features are, or over the world where there are none", async () => {
  const zoom = () => page.evaluate(() => window.__wall.map.getZoom());
  assert.ok((await zoom()) < 4, "nothing is anywhere");
  await server.post("incidents", point("west", -10, 0, INCIDENT));
  await server.post("incidents", point("east", 10, 5, { ...INCIDENT, address: "Sixth & Speedway" }));
  await open();
  const shown = () =>
    page.evaluate(() => {
      const { map } = window.__wall;
      const { clientWidth, clientHeight } = map.getCanvas();
      return window.__wall.features("incidents").map((it) => {
        const { x, y } = map.project(it.geometry.coordinates);
        return x > 0 && y > 0 && x < clientWidth && y < clientHeight;
      });
    });
  await browser.holds("incidents", ["east", "west"]);
  assert.deepEqual(await shown(), [true, true]);
  assert.ok((await zoom()) > 11, `close enough to see them: ${await zoom()}`);
});

test("the rail names what alone is not reported, and is calm once all are heard and nothing is listed", async () => {
  for (const id of ["west", "east"]) await server.post("incidents", point(id, 0, 0, { ...INCIDENT, priority: 7 }));
  await open();
  await rail().getByText("Nothing is listed. No feed reports: plate hits, blockages.").waitFor();
  await server.post("alpr_hits", point("hit", 0, 0, { status: "dismissed", reason: "stolen_vehicle" }));
  await server.post("blockages", point("b", 0, 0, { cause: "work", intersection: "Stone & 6th" }));
  await server.post("blockages", { ...point("b", 0, 0, { withdrawn: true }), geometry: null });
  await open();
  await rail().getByText("All quiet. Nothing of priority 1 to 3, no hit, no blockage.").waitFor();
});

test("what is typed after F is searched for, and Escape brings the wall's keys back", async () => {
  await open();
  await page.keyboard.press("f");
  await page.getByRole("heading", { name: "Find" }).waitFor();
  await page.keyboard.type("stone");
  assert.equal(await page.getByRole("combobox").inputValue(), "stone");
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Find" }).waitFor({ state: "detached" });
  await page.keyboard.press("v");
  await page.getByRole("heading", { name: "Sound" }).waitFor();
  assert.ok(await page.getByRole("checkbox").first().evaluate((it) => it === document.activeElement), "the first field");
  await page.keyboard.press("Escape");
});

test("a session that is shown less is told what it is not shown", async () => {
  const printed = await server.command("link", "--role", "wall", "--layers", "incidents,cameras");
  const token = /\/sign-in#(\S+)/.exec(printed)[1];
  await leave();
  await page.goto(`${server.base}/sign-in#${token}`);
  await page.waitForURL(/\/wall/);
  await rail().getByText("Nothing is listed. Not shown on this wall: plate hits, blockages.").waitFor();
  await leave();
  await page.goto(await server.link());
  await page.waitForURL(/\/wall/);
});

test("an address that cannot be followed is said, with value and limit, and the wall opens", async () => {
  const notice = () => page.getByRole("status", { name: "Address" });
  await open("?scene=nosuch&cell=9,9&grid=2,1&scale=40&layers=incidents,unicorns&style=pink");
  for (const said of [/scene=nosuch is not known/, /cell=9,9 .*grid=2,1/, /scale=40 .*0\.5 to 4/, /layers=unicorns/, /style=pink/]) {
    await notice().getByText(said).waitFor();
  }
  assert.ok(await rail().isVisible(), "it stands alone");
  assert.deepEqual(await browser.violations(), []);
  await browser.shot("address-notice");
  await notice().getByRole("button", { name: "Close" }).click();
  await notice().waitFor({ state: "detached" });
  await open(`?at=${DOWNTOWN.join(",")},15`);
  assert.equal(await notice().count(), 0);
});

test("one blocked junction is one card, no younger with each report, and one with the call about it", async () => {
  const place = { cause: "takeover", intersection: "22nd & Park" };
  const at = { ...point("junction", 0, 0, { ...place, confidence: 0.5 }), properties: { ...place, confidence: 0.5 } };
  const street = { type: "LineString", coordinates: [DOWNTOWN, [DOWNTOWN[0] + 0.001, DOWNTOWN[1]]] };
  await server.post("blockages", at, { ...at, id: "leg", geometry: street, properties: { ...place, confidence: 0.9 } });
  await open(`?at=${DOWNTOWN.join(",")},15&focus=off`);
  const cards = rail().getByRole("button", { name: /22nd & Park/ });
  await cards.first().waitFor();
  assert.equal(await cards.count(), 1);
  assert.match(await cards.innerText(), /90 % sure/);
  const symbols = () => {
    const seen = window.__wall.map.queryRenderedFeatures({ layers: ["blockages"] });
    return seen.length > 0 && seen.map((it) => it.properties.confidence);
  };
  assert.deepEqual(await (await page.waitForFunction(symbols)).jsonValue(), [0.9], "one symbol, as sure as the card");

  const age_s = async () => {
    const [, minutes, seconds] = /(\d\d):(\d\d)/.exec(await cards.innerText());
    return Number(minutes) * 60 + Number(seconds);
  };
  const grown = () => {
    const [, minutes, seconds] = /(\d\d):(\d\d)/.exec(document.querySelector("ol .age")?.textContent ?? "") ?? [];
    return Number(minutes) * 60 + Number(seconds) >= 2;
  };
  await page.waitForFunction(grown);
  const before = await age_s();
  await server.post("blockages", { ...at, properties: { ...place, confidence: 0.95 } });
  await cards.getByText(/95 % sure/).waitFor();
  assert.ok((await age_s()) >= before, "it is as old as it was");
  await server.post("incidents", point("call", 0, 0, { type: "Street takeover", priority: 2, discipline: "police", status: "open", address: "22nd & Park" }));
  await cards.getByText(/Police P2/).waitFor();
  assert.equal(await cards.count(), 1);
});

test("nothing on the page complained", () => assert.deepEqual(browser.complaints, []));
