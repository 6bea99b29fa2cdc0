// The demo city as somebody meets it who has just typed `make run`: the link signs in, the streets are there, things move, and the
// printed line puts an incident of one's own on the map.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
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
  await page.waitForFunction(() => window.__wall.features("units").length > 3);
  const before = await page.evaluate(places);
  const moved = (known) => {
    const now = window.__wall.features("units").map((it) => `${it.id} ${it.geometry?.coordinates}`);
    return now.filter((it) => !known.includes(it)).length >= 3;
  };
  await page.waitForFunction(moved, before);
});

test("a browser agrees to compress, and hears what an event stream says", async () => {
  const { extensions, compressed, plain } = await page.evaluate(async () => {
    const query = "layers=cameras&bbox=-111.1,32.1,-110.8,32.35";
    // The ids of all features of the first snapshots, up to the tick that ends them.
    const ids = (messages) => messages.filter((it) => it.type === "snapshot").flatMap((it) => it.features.map((feature) => feature.id));
    const over = (messages) => messages.some((it) => it.type === "tick");
    const heard = [];
    const socket = new WebSocket(`/live?${query}&batch=1`);
    await new Promise((done, failed) => {
      socket.onerror = failed;
      socket.onmessage = ({ data }) => {
        heard.push(...JSON.parse(data));
        if (over(heard)) done();
      };
    });
    // What a client says is compressed as well: it is understood if a greeting answers.
    const greeted = new Promise((done) => (socket.onmessage = ({ data }) => JSON.parse(data).some((it) => it.type === "hello") && done()));
    socket.send(JSON.stringify({ type: "subscribe", layers: ["cameras"], bbox: [-111, 32.2, -110.9, 32.3] }));
    await greeted;
    const events = new EventSource(`/live?${query}`);
    const told = [];
    await new Promise((done, failed) => {
      events.onerror = failed;
      events.addEventListener("snapshot", ({ data }) => told.push(JSON.parse(data)));
      events.addEventListener("tick", done);
    });
    socket.close();
    events.close();
    return { extensions: socket.extensions, compressed: ids(heard).sort(), plain: ids(told).sort() };
  });
  assert.match(extensions, /^permessage-deflate; server_no_context_takeover; client_no_context_takeover/);
  assert.ok(plain.length > 10, `${plain.length} features`);
  assert.deepEqual(compressed, plain);
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

test("a camera of the demo shows a moving picture", async (t) => {
  if (spawnSync("ffmpeg", ["-version"]).error !== undefined) return t.skip("skipped: no ffmpeg");
  await page.keyboard.press("f");
  await page.getByRole("combobox").fill("Congress & Stone");
  await page.getByRole("option", { name: /Congress & Stone.*camera/i }).first().click();
  // An alarm of the city may open its inset beside this at any time, with pictures of its own.
  const panel = page.locator("section[aria-labelledby=details]");
  const video = panel.locator("video");
  const plays = (since) => {
    const shown = document.querySelector("section[aria-labelledby=details] video");
    return shown !== null && shown.readyState >= 2 && shown.currentTime > since && shown.videoWidth > 0;
  };
  await page.waitForFunction(plays, 0);
  await page.waitForFunction(plays, await video.evaluate((shown) => shown.currentTime + 1));
  await panel.getByText(/^\d+ s old$/).waitFor();
  assert.deepEqual(await browser.violations(), [], "with a picture");
  await browser.shot("demo-camera");

  // A picture that stands still gives way to how long it has.
  await page.route("**/streams/**", (route) => route.abort());
  await panel.getByText(/^Stalled for \d+ s$/).waitFor();
  await panel.getByText(/^The last picture is \d+ s old$/).waitFor();
  const [seen, under] = await Promise.all([panel.locator("figure .over"), video].map((it) => it.boundingBox()));
  assert.ok(seen.height >= under.height - 1, "the frame is covered");
  assert.deepEqual(await browser.violations(), [], "with a stalled picture");
  await browser.shot("demo-camera-stalled");
  await page.unroute("**/streams/**");
  await panel.getByText(/^Stalled/).waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await video.waitFor({ state: "detached" });
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

test("a style with glyphs draws its text from the server's ranges", async () => {
  const asked = [];
  page.on("response", (response) => {
    if (response.url().includes("/fonts/")) asked.push(`${response.status()} ${new URL(response.url()).pathname}`);
  });
  await page.evaluate(() => window.__wall.map.setStyle("/styles/night?glyphs=1", { diff: false }));
  const named = () => window.__wall.map.queryRenderedFeatures().some((it) => it.layer.type === "symbol" && it.layer.layout["text-field"]);
  await page.waitForFunction(named);
  assert.ok(asked.some((it) => it === "200 /fonts/Atkinson%20Hyperlegible/0-255.pbf"), asked.join("\n"));
  assert.deepEqual(asked.filter((it) => !it.startsWith("200 ")), []);
  await browser.shot("demo-glyphs");
});
