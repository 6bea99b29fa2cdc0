// What the configuration alone adds: a layer of one's own that is live, drawn, listed, found and counted, and scenes that take turns.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser, PATIENCE_MS } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const CONFIG = `
[[layers]]
name = "street_lights"
title = "Street lights"
kind = "state"
geometry = ["point", "polygon"]
fields = { name = "text", lamp = "text" }
wall = { live = true, replay_row = "Lights" }
search = { fields = ["name"], title = "name", kind = "Street light" }

[[layers]]
name = "manholes"
title = "Manholes"
kind = "state"
geometry = ["point"]
fields = { name = "text" }
wall = { shown_at_first = false }

[[scenes]]
name = "first"
title = "First place"
center = [${DOWNTOWN.join(", ")}]
zoom = 14
dwell_s = 3

[[scenes]]
name = "second"
title = "Second place"
center = [${DOWNTOWN[0] + 0.01}, ${DOWNTOWN[1]}]
zoom = 14
dwell_s = 3
`;
const lamp = (east, more = {}) => point("l1", east, 0, { name: "Sixth & Stone 12", lamp: "sodium", ...more });
let server, browser, page;

before(async () => {
  server = await Server.configured(CONFIG);
  browser = await Browser.open();
  page = browser.page;
  await page.goto(await server.link());
  await page.waitForURL(/\/wall/);
  await page.goto(`${server.base}/wall/A?scene=first`);
  await browser.state("state", "live");
  await browser.state("map", "idle");
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** Waits until the map shows the lamp at so many thousandths of a degree east. */
const drawnAt = (east) => {
  const drawn = ([lon, lat]) => {
    const { map } = window.__wall;
    const { x, y } = map.project([lon, lat]);
    const near = [[x - 3, y - 3], [x + 3, y + 3]];
    return map.queryRenderedFeatures(near).some((it) => it.properties.id === "l1" && it.source === "data-street_lights");
  };
  return page.waitForFunction(drawn, [DOWNTOWN[0] + east / 1000, DOWNTOWN[1]]);
};

test("a feature of a layer of one's own is held and drawn without a reload, and moves", async () => {
  await page.evaluate(() => (window.sameDocument = true));
  await browser.holds("street_lights", []);
  await server.post("street_lights", lamp(0));
  await browser.holds("street_lights", ["l1"]);
  await drawnAt(0);
  await server.post("street_lights", lamp(2));
  await drawnAt(2);
  assert.equal(await page.evaluate(() => window.sameDocument), true);
});

test("an area of it has a symbol in its middle", async () => {
  const ring = [[-3, 1], [-1, 1], [-1, 3], [-3, 3], [-3, 1]].map(([x, y]) => [DOWNTOWN[0] + x / 1000, DOWNTOWN[1] + y / 1000]);
  const square = { type: "Feature", id: "square", geometry: { type: "Polygon", coordinates: [ring] }, properties: { name: "Lit square" } };
  await server.post("street_lights", square);
  const types = () => {
    const seen = window.__wall.map.queryRenderedFeatures().filter((it) => it.properties.id === "square");
    return ["fill", "symbol"].every((type) => seen.some((it) => it.layer.type === type));
  };
  await page.waitForFunction(types);
});

test("the switcher lists it with its count, and a layer that is not to be shown at first is off", async () => {
  await page.keyboard.press("l");
  await page.getByRole("switch", { name: /^Street lights\s*2$/ }).waitFor();
  assert.equal(await page.getByRole("switch", { name: /^Street lights/ }).isChecked(), true);
  assert.equal(await page.getByRole("switch", { name: /^Manholes/ }).isChecked(), false);
  await page.keyboard.press("Escape");
});

test("search finds it by the field that is searched, under the name of its kind", async () => {
  await page.keyboard.press("f");
  await page.getByRole("combobox").fill("sixth");
  await page.getByRole("option", { name: /Sixth & Stone 12\s+Street light$/ }).waitFor();
  await page.keyboard.press("Escape");
});

test("scenes take turns by themselves while nobody looks at anything", async () => {
  await page.goto(`${server.base}/wall/A?scene=first`);
  await browser.state("map", "idle");
  const turned = (name) =>
    page.waitForFunction((wanted) => new URL(location.href).searchParams.get("scene") === wanted, name, { timeout: PATIENCE_MS });
  await page.keyboard.press("c");
  await turned("second");
  await page.waitForFunction((lon) => Math.abs(window.__wall.map.getCenter().lng - lon) < 1e-4, DOWNTOWN[0] + 0.01);
  await turned("first");
  await page.waitForFunction((lon) => Math.abs(window.__wall.map.getCenter().lng - lon) < 1e-4, DOWNTOWN[0]);
  await page.keyboard.press("c");
});

test("a replay counts it on the row that it is configured to have", async () => {
  // The last 5 s are the live wall's, and a step that is not over is not counted.
  const past = async () => {
    const [from, to] = [-3600, -25].map((s) => new Date(Date.now() + s * 1000).toISOString());
    const answer = await fetch(`/timeline?layers=street_lights&from=${from}&to=${to}&step_s=3600`);
    return answer.ok && (await answer.json()).layers[0].counts?.some((count) => count > 0);
  };
  await page.waitForFunction(past, null, { polling: 1000, timeout: PATIENCE_MS });
  await page.keyboard.press("r");
  await page.getByRole("row", { name: /^Lights/ }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("slider", { name: "Instant shown" }).waitFor({ state: "detached" });
});

test("nothing on the page complained", () => assert.deepEqual(browser.complaints, []));
