// What the wall does by itself when something alarms: an inset that takes nothing away, a tone that is never the only sign, and plates
// that nobody reads in passing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";
import { DOWNTOWN, Server, point } from "./server.mjs";

const HERE = `at=${DOWNTOWN.join(",")},14`;
const urgent = { type: "shooting", priority: 1, discipline: "police", status: "open", address: "Congress & Sixth" };
let server, browser, page;
/** No inset goes by itself while a busy machine looks at it. */
const LONG = "&focus=600";
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
  await openWall(LONG);
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

test("the inset's map has the wall's style and symbols, and the alarm is drawn in its middle", async () => {
  const whole = () => {
    const map = window.__wall.inset();
    if (!map?.loaded()) return false;
    const { clientWidth, clientHeight } = map.getCanvas();
    const reach = 4;
    const middle = [clientWidth / 2, clientHeight / 2];
    const around = [middle.map((it) => it - reach), middle.map((it) => it + reach)];
    const here = map.queryRenderedFeatures(around).filter((it) => it.properties.id === "urgent");
    const cameras = map.queryRenderedFeatures().filter((it) => it.source === "data-cameras").map((it) => it.properties.id);
    const symbol = here.find((it) => it.layer.type === "symbol")?.layer.layout["icon-image"];
    const image = symbol === undefined ? null : map.getImage(String(symbol.name ?? symbol));
    if (!cameras.includes("c-west") || !image) return false;
    return { drawn: [image.data.width, image.data.height], layers: [map, window.__wall.map].map((it) => it.getStyle().layers.map(({ id, paint }) => [id, paint])) };
  };
  const found = await (await page.waitForFunction(whole)).jsonValue();
  assert.ok(found.drawn.every((it) => it > 8), `the symbol is ${found.drawn.join(" by ")} px`);
  assert.deepEqual(found.layers[0], found.layers[1], "layer by layer as the wall");

  // As it is on the screen, and not as the map believes: the ground is dark, and the alarm's colour is on it.
  const png = await inset().locator("canvas").screenshot();
  const seen = await page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (it) => it.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0);
    const { data: rgba } = pen.getImageData(0, 0, picture.width, picture.height);
    const counts = { dark: 0, vermilion: 0, all: picture.width * picture.height };
    for (let i = 0; i < rgba.length; i += 4) {
      const [red, green, blue] = [rgba[i], rgba[i + 1], rgba[i + 2]];
      if (red + green + blue < 150) counts.dark += 1;
      if (red > 170 && green > 50 && green < 130 && blue < 60) counts.vermilion += 1;
    }
    return counts;
  }, png.toString("base64"));
  assert.ok(seen.dark > seen.all / 3, JSON.stringify(seen));
  assert.ok(seen.vermilion > 60, JSON.stringify(seen));
});

test("Enter opens what the inset points out, as its button says", async () => {
  await inset().getByRole("button", { name: /Details\s+Enter/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Cameras that see it" }).waitFor();
  await page.keyboard.press("Escape");
  await openWall(LONG);
  await server.post("incidents", point("seen-by-none", 20, 20, { ...urgent, type: "arson" }));
  const arson = page.getByRole("region", { name: "Arson" });
  await arson.getByText("No camera sees it; nearest:").waitFor();
  assert.ok((await arson.getByRole("listitem").count()) > 0);
  await page.keyboard.press("Escape");
  await arson.waitFor({ state: "detached" });
  await server.post("incidents", point("urgent", 0, 0, { ...urgent, status: "closed" }));
  await server.post("incidents", point("urgent-again", 0, 0, urgent));
  await inset().waitFor();
});

test("P keeps the inset, and Escape lets it go", async () => {
  await page.keyboard.press("p");
  await inset().getByRole("button", { name: "Pinned" }).waitFor();
  await server.post("incidents", point("later", 1, 1, { ...urgent, type: "stabbing" }));
  // The rail lists it in the same moment in which the inset would go over to it.
  await page.getByRole("button", { name: /Stabbing/ }).waitFor();
  assert.ok(await inset().isVisible(), "a pinned inset is not taken over");
  await page.keyboard.press("Escape");
  await inset().waitFor({ state: "detached" });
});

test("an inset goes by itself, and the address can switch it off", async () => {
  await openWall("&focus=2");
  // Noted by the page itself: a busy machine may look for it too late.
  await page.evaluate(() => {
    const look = () => (window.insetSeen ||= document.querySelector(".focus") !== null);
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true });
  });
  await server.post("incidents", point("brief", 0, 1, urgent));
  await page.waitForFunction(() => window.insetSeen && document.querySelector(".focus") === null);

  await openWall("&focus=off");
  await server.post("incidents", point("unseen", 0, -1, { ...urgent, address: "Nowhere in particular" }));
  await page.getByText("Nowhere in particular").first().waitFor();
  assert.equal(await inset().count(), 0);
});

test("with reduced motion nothing slides in", async () => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await openWall(LONG);
  await server.post("incidents", point("still", 1, 0, urgent));
  await inset().waitFor();
  assert.equal(await inset().evaluate((it) => getComputedStyle(it).animationName), "none");
  await page.emulateMedia({ reducedMotion: null });
});

test("sound that the browser keeps back is said, and a click frees it", async () => {
  // A page that was touched may hand that on to the next one of its origin.
  await page.goto("about:blank");
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

/** Two hours before and after the wall's own hour, so that it is always quiet and never about to end. */
const aroundNow = (page) =>
  page.evaluate(async () => {
    const { time_zone } = await (await fetch("/session")).json();
    const hour = Number(new Intl.DateTimeFormat("en-GB", { timeZone: time_zone, hour: "2-digit", hourCycle: "h23" }).format(new Date()));
    return [hour + 22, hour + 2].map((it) => `${String(it % 24).padStart(2, "0")}:00`);
  });

test("volume and quiet hours are set by keyboard, kept, and said", async () => {
  const [from, to] = await aroundNow(page);
  await page.keyboard.press("v");
  await page.getByRole("heading", { name: "Sound" }).waitFor();
  await page.getByRole("checkbox", { name: "Quiet hours" }).check();
  await page.getByLabel("from").fill(from);
  await page.getByLabel("to", { exact: true }).fill(to);
  assert.deepEqual(await browser.violations(), [], "with the sound dialog open");
  await page.keyboard.press("Escape");
  await page.getByText(`Quiet until ${to}`).waitFor();
  await openWall("&sound=on");
  await page.locator("h1").click();
  await page.getByText(`Quiet until ${to}`).waitFor();
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

test("a hit pulses where it is, and settles by itself", async () => {
  await openWall("&focus=off");
  // Noted by the page itself: a busy machine may look for it too late.
  await page.evaluate(([lon, lat]) => {
    const look = () => {
      const ring = document.querySelector(".pulse");
      if (ring === null || window.pulse !== undefined) return;
      const { left, top } = ring.getBoundingClientRect();
      const stage = window.__wall.map.getCanvas().getBoundingClientRect();
      const scale = stage.width / window.__wall.map.getCanvas().clientWidth;
      const { x, y } = window.__wall.map.project([lon, lat]);
      const moving = [...ring.querySelectorAll("i")].map((it) => getComputedStyle(it).animationName);
      window.pulse = { at: performance.now(), off: Math.hypot(left - stage.left - x * scale, top - stage.top - y * scale), moving };
    };
    new MutationObserver(() => requestAnimationFrame(look)).observe(document.body, { subtree: true, childList: true });
  }, [DOWNTOWN[0] + 0.002, DOWNTOWN[1] + 0.001]);
  await server.post("alpr_hits", point("pulsing", 2, 1, { plate: "XYZ9876", status: "confirmed", reason: "amber_alert", camera: "c-west" }));
  const pulse = await (await page.waitForFunction(() => window.pulse)).jsonValue();
  assert.ok(pulse.off < 4, `${pulse.off} px away from the hit`);
  assert.deepEqual(pulse.moving, ["pulse", "pulse"]);
  await page.waitForFunction(() => document.querySelector(".pulse") === null);
  const lasted_ms = await page.evaluate((from) => performance.now() - from, pulse.at);
  assert.ok(lasted_ms > 3000, `it was seen for ${lasted_ms} ms`);
  const still = () => window.__wall.features("alpr_hits").some((it) => it.id === "pulsing");
  assert.equal(await page.evaluate(still), true, "the hit itself stays");
});

test("nothing on the page complained", () => assert.deepEqual(browser.complaints, []));
