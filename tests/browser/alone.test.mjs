// The wall needs nobody but its server: with every way out of the machine recorded and refused, it comes up whole and tries none of
// them, and what the server says of its pages would forbid it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

let server, browser, page, proxy;
const tried = [];

before(async () => {
  server = await Server.start();
  await server.post("incidents", point("i1", 0, 0, { type: "fire", priority: 1, discipline: "fire", status: "open", address: "Stone & Broadway" }));
  // All that is not for loopback goes to this proxy, of pages, workers and the browser itself: it notes each and lets none through.
  proxy = createServer((request, response) => {
    tried.push(request.url);
    response.writeHead(502).end();
  });
  proxy.on("connect", (request, socket) => {
    tried.push(request.url);
    // The browser may be gone before it has read that.
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await new Promise((ready) => proxy.listen(0, "127.0.0.1", ready));
  browser = await Browser.open({ proxy: { server: `http://127.0.0.1:${proxy.address().port}`, bypass: "127.0.0.1" } });
  page = browser.page;
});
after(async () => {
  await browser?.close();
  proxy?.close();
  await server?.close();
});

test("who asks for another host is noted and refused", async () => {
  // A page of its own, closed again: the browser's own page of a refusal comes late and would go in the way of what is opened next.
  const refused = await browser.context.newPage();
  await refused.goto("http://elsewhere.invalid/", { waitUntil: "commit" }).catch(() => undefined);
  await refused.close();
  const elsewhere = (url) => url.includes("elsewhere.invalid");
  assert.ok(tried.some(elsewhere), tried.join("\n"));
  tried.splice(0, tried.length, ...tried.filter((url) => !elsewhere(url)));
});

test("the wall comes up whole and asks nobody but its server", async () => {
  const asked = [];
  browser.context.on("request", (request) => asked.push([request.resourceType(), request.url()]));
  await page.goto(await server.link());
  await page.waitForURL(/\/wall/);
  await page.goto(`${server.base}/wall/A?at=${DOWNTOWN.join(",")},15`);
  await browser.state("state", "live");
  const drawn = () => window.__wall?.map.queryRenderedFeatures().some((it) => it.properties.id === "i1");
  await page.waitForFunction(drawn);
  await browser.state("map", "idle");
  // The other style, replay, details and find have files and answers of their own.
  await page.keyboard.press("d");
  await browser.state("map", "idle");
  await page.keyboard.press("r");
  const timeline = page.getByRole("slider", { name: "Instant shown" });
  await timeline.waitFor();
  await page.keyboard.press("Escape");
  await timeline.waitFor({ state: "detached" });
  await page.keyboard.press("]");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Nearest cameras" }).waitFor();
  await page.keyboard.press("f");
  await page.getByRole("heading", { name: "Find" }).waitFor();

  const own = new URL(server.base).host;
  const foreign = asked.filter(([, url]) => !url.startsWith("data:") && !url.startsWith("blob:") && new URL(url).host !== own);
  assert.deepEqual(foreign, []);
  const kinds = new Set(asked.map(([kind]) => kind));
  for (const kind of ["document", "script", "stylesheet", "font", "fetch"]) assert.ok(kinds.has(kind), `${kind} among ${[...kinds]}`);
  for (const part of [/\/assets\/app\/worker-/, /\/sprites\//, /\/tiles\/[^/]+\/\d+\//, /\/styles\//]) {
    assert.ok(asked.some(([, url]) => part.test(url)), `${part} was asked for`);
  }
  const pages = tried.filter((url) => !BROWSERS_OWN.test(url));
  assert.deepEqual(pages, []);
});

/** What Chromium asks for of itself, whatever page is open. */
const BROWSERS_OWN = /(^|\/\/)([\w-]+\.)*(google|googleapis|gstatic|gvt1)\.com(:\d+)?(\/|$)/;

test("the server's policy would forbid it", async () => {
  for (const path of ["/sign-in", "/wall/A"]) {
    const answer = await page.request.get(`${server.base}${path}`);
    const policy = answer.headers()["content-security-policy"];
    const rules = Object.fromEntries(policy.split(";").map((rule) => rule.trim().split(/\s+/)).map(([name, ...from]) => [name, from]));
    assert.deepEqual(rules["default-src"], ["'none'"], path);
    for (const [name, from] of Object.entries(rules)) {
      for (const one of from) assert.match(one, /^('none'|'self'|'unsafe-inline'|data:|blob:)$/, `${path}: ${name} ${one}`);
    }
    for (const name of ["script-src", "connect-src", "font-src"]) assert.deepEqual(rules[name], ["'self'"], `${path}: ${name}`);
  }
  const refused = await page.evaluate(() => fetch("https://elsewhere.invalid/").then(() => "answered", () => "refused"));
  assert.equal(refused, "refused");
  assert.deepEqual(tried.filter((url) => url.includes("elsewhere")), [], "it did not even leave the page");
});
