// The system's Chromium, driven without a GPU, and what the tests ask of a page. Screenshots go to `out/`, which is not tracked.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import path from "node:path";

import { chromium } from "playwright-core";

const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const out = fileURLToPath(new URL("out", import.meta.url));

/** How long a page on a busy machine without a GPU may take. */
export const PATIENCE_MS = 60_000;

export class Browser {
  /** `more` goes to the launch as it is. */
  static async open(more = {}) {
    const browser = new Browser();
    const executablePath = NAMES.map((name) => `/usr/bin/${name}`).find((file) => existsSync(file));
    if (executablePath === undefined) throw new Error("no Chromium: `make test` installs it");
    browser.profile = await mkdtemp(path.join(tmpdir(), "atalaya-chromium-"));
    browser.context = await chromium.launchPersistentContext(browser.profile, {
      executablePath,
      headless: true,
      viewport: { width: 1280, height: 720 },
      args: FLAGS.split(" "),
      // The server's policy stays in force; only axe comes in past it.
      bypassCSP: false,
      ...more,
    });
    browser.context.setDefaultTimeout(PATIENCE_MS);
    browser.page = browser.context.pages()[0] ?? (await browser.context.newPage());
    browser.complaints = [];
    browser.page.on("pageerror", (error) => browser.complaints.push(error.message));
    browser.page.on("console", (message) => {
      if (message.type() === "error") browser.complaints.push(message.text());
    });
    return browser;
  }

  async close() {
    await this.context.close();
    await rm(this.profile, { recursive: true, force: true });
  }

  /** Waits until the page's own data attributes say so: `data-state` of the wall, `data-map` of its map. */
  async state(name, value) {
    const reached = ([key, wanted]) => document.documentElement.dataset[key] === wanted;
    await this.page.waitForFunction(reached, [name, value], { timeout: PATIENCE_MS });
  }

  /** Waits until the wall holds these ids of a layer, and no others. */
  async holds(layer, ids) {
    const held = ([name, wanted]) => {
      const features = window.__wall?.features(name) ?? null;
      return features !== null && JSON.stringify(features.map((it) => it.id).sort()) === wanted;
    };
    await this.page.waitForFunction(held, [layer, JSON.stringify([...ids].sort())], { timeout: PATIENCE_MS });
  }

  async shot(name) {
    mkdirSync(out, { recursive: true });
    await this.page.screenshot({ path: path.join(out, `${name}.png`) });
  }

  /** What axe finds against WCAG 2.2 AA that is serious or critical, as one line each. */
  async violations() {
    // What fades or slides in is half transparent on the way.
    const settled = () => document.getAnimations().every((it) => it.playState !== "running" || it.effect.getComputedTiming().iterations === Infinity);
    await this.page.waitForFunction(settled);
    const session = await this.context.newCDPSession(this.page);
    await session.send("Page.setBypassCSP", { enabled: true });
    await this.page.evaluate(axeSource);
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const found = await this.page.evaluate((values) => window.axe.run(document, { runOnly: { type: "tag", values } }), tags);
    await session.detach();
    return found.violations
      .filter((it) => ["serious", "critical"].includes(it.impact))
      .map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).join(", ")}`);
  }
}
