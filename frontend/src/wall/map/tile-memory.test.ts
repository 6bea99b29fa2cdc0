import { describe, expect, it } from "vitest";

import { HELD, TileMemory, remembering, type Others } from "./tile-memory";

const TILE = "http://wall.example/tiles/cameras/14/3/5";
const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;
const nobody: Others = { outdated: () => undefined, recall: () => Promise.resolve(null) };
const tile = (text: string, etag: string): Response => new Response(text, { headers: { ETag: etag } });
const failing = (): Promise<Response> => Promise.reject(new TypeError("Failed to fetch"));

/** Answers in turn; counts nothing else. */
const turns = (...answers: (() => Response | Promise<Response>)[]): typeof fetch => {
  let at = 0;
  return async () => (answers[at++] ?? failing)();
};

describe("a fetch that remembers tiles", () => {
  it("gives the last answer again where the network fails, with its version", async () => {
    const network = turns(
      () => tile("one", '"1"'),
      () => tile("two", '"2"'),
    );
    const ask = remembering(network, new TileMemory(10_000), nobody);
    await ask(TILE);
    await ask(TILE);
    const again = await ask(TILE);
    expect([await again.text(), again.headers.get("ETag")]).toEqual(["two", '"2"']);
  });

  it("fails where it has nothing, and remembers neither the past nor what is no tile", async () => {
    for (const url of [`${TILE}?at=2026-01-01T00:00:00Z`, "http://wall.example/session"]) {
      const ask = remembering(
        turns(() => tile("then", '"1"')),
        new TileMemory(10_000),
        nobody,
      );
      await ask(url);
      await expect(ask(url)).rejects.toThrow("Failed to fetch");
    }
    await expect(remembering(failing, new TileMemory(10_000), nobody)(TILE)).rejects.toThrow();
  });

  it("bridges a server that is too busy, and forgets what is refused", async () => {
    const busy = (): Response => new Response("", { status: 503 });
    const refused = (): Response => new Response("", { status: 403 });
    const network = turns(() => tile("one", '"1"'), busy, refused, busy);
    const ask = remembering(network, new TileMemory(10_000), nobody);
    await ask(TILE);
    expect(await (await ask(TILE)).text()).toBe("one");
    expect((await ask(TILE)).status).toBe(403);
    expect((await ask(TILE)).status).toBe(503);
  });

  it("asks no network that is known to be silent for what it has", async () => {
    const ask = remembering(
      turns(
        () => tile("one", '"1"'),
        () => tile("two", '"2"'),
      ),
      new TileMemory(10_000),
      nobody,
    );
    await ask(TILE);
    expect(await (await ask(`${TILE}${HELD}`)).text()).toBe("one");
    expect(await (await ask(TILE)).text()).toBe("two");
  });

  it("asks the other workers, and tells them what is out of date", async () => {
    const outdated: string[] = [];
    const others: Others = {
      outdated: (url) => void outdated.push(url),
      recall: () => Promise.resolve({ body: bytes("theirs"), etag: null }),
    };
    expect(await (await remembering(failing, new TileMemory(10_000), others)(TILE)).text()).toBe("theirs");
    expect(outdated).toEqual([]);
    await remembering(
      turns(() => tile("mine", '"1"')),
      new TileMemory(10_000),
      others,
    )(TILE);
    expect(outdated).toEqual([TILE]);
  });

  it("a request that was called off stays called off", async () => {
    const memory = new TileMemory(10_000);
    memory.keep(TILE, { body: bytes("one"), etag: null });
    const off = AbortSignal.abort();
    await expect(remembering(failing, memory, nobody)(TILE, { signal: off })).rejects.toThrow();
  });
});

describe("the memory", () => {
  it("drops the oldest answers where its bytes are full", () => {
    const memory = new TileMemory(2000);
    for (const url of ["a", "b", "a", "c"]) memory.keep(url, { body: new ArrayBuffer(600), etag: null });
    expect(["a", "b", "c"].map((url) => memory.recall(url) !== null)).toEqual([true, false, true]);
    memory.keep("huge", { body: new ArrayBuffer(5000), etag: null });
    expect(["a", "c", "huge"].map((url) => memory.recall(url))).toEqual([null, null, null]);
  });
});
