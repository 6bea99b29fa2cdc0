// The demo city as somebody meets it who has just typed `make run`: the link signs in, the streets are there, things move, and the
// printed line puts an incident of one's own on the map.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { Browser } from "./browser.mjs";
import { Server } from "./server.mjs";

let server, browser, page;
before(async () => {
  server = await Server.demo();
  browser = await Browser.open();
  page = browser.page;
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test("the printed link opens a live wall with streets under it", async () => {
  const link = server.printed.map((line) => /http\S+\/sign-in#\S+/.exec(line)?.[0]).find(Boolean);
  assert.ok(link, server.printed.join("\n"));
  await page.goto(link);
  await page.waitForURL(/\/wall/);
  await browser.state("state", "live");
  const streets = () => window.__wall.map.queryRenderedFeatures().filter((it) => it.sourceLayer === "roads").length > 20;
  await page.waitForFunction(streets);
  await page.waitForFunction(() => window.__wall.features("cameras").length > 10);
  await browser.shot("demo");
});

test("units drive around", async () => {
  const places = () => window.__wall.features("units").map((it) => `${it.id} ${it.geometry?.coordinates}`);
  const before = await page.evaluate(places);
  assert.ok(before.length > 3, "units are out");
  const moved = (known) => {
    const now = window.__wall.features("units").map((it) => `${it.id} ${it.geometry?.coordinates}`);
    return now.filter((it) => !known.includes(it)).length >= 3;
  };
  await page.waitForFunction(moved, before);
});

test("the printed curl line puts an incident on the map", async () => {
  const printed = server.printed.join("\n");
  const curl = /(curl [\s\S]*?\/feeds\/incidents)/.exec(printed)?.[1];
  assert.ok(curl, printed);
  const { stdout } = await promisify(execFile)("sh", ["-c", curl]);
  assert.equal(JSON.parse(stdout).accepted, 1, stdout);
  const there = () => window.__wall.features("incidents").some((it) => it.id === "mine-1");
  await page.waitForFunction(there);
});

test("scenes open by their keys, and are accessible", async () => {
  const title = () => page.locator("h1 .scene").innerText();
  for (const key of ["2", "3"]) {
    const before = await title();
    await page.keyboard.press(key);
    // Not for an idle map: in a city at work something always moves.
    await page.waitForFunction((old) => document.querySelector("h1 .scene").innerText !== old, before);
    assert.deepEqual(await browser.violations(), [], `scene ${key}`);
    await browser.shot(`demo-scene-${key}`);
  }
});
