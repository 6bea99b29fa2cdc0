// Signing in: a link opens once, its token leaves the address, and a refused one says what to do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";
import { Server } from "./server.mjs";

let server, browser;
before(async () => {
  server = await Server.start();
  browser = await Browser.open();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test("without a token the page says how to get a link, and is accessible", async () => {
  await browser.page.goto(`${server.base}/sign-in`);
  await browser.page.getByText("atalaya link").waitFor();
  assert.deepEqual(await browser.violations(), []);
  await browser.shot("sign-in");
});

test("the wall leads to signing in", async () => {
  await browser.page.goto(`${server.base}/wall`);
  await browser.page.waitForURL("**/sign-in");
});

test("a link signs in once and the token leaves the address", async () => {
  const link = await server.link();
  await browser.page.goto(link);
  await browser.page.waitForURL(/\/wall/);
  assert.ok(!browser.page.url().includes(link.split("#")[1]), "the token is not in the address");

  // Away from the wall first: it would itself lead to the sign-in page once its session is gone.
  await browser.page.goto("about:blank");
  await browser.context.clearCookies();
  await browser.page.goto(link);
  await browser.page.getByText("This link did not work").waitFor();
  assert.deepEqual(await browser.violations(), []);
  await browser.shot("sign-in-refused");
});
