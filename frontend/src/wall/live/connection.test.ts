// The link on an injected clock: silence is noticed without a close, and the stream resumes where it left off.
import { beforeEach, describe, expect, it } from "vitest";

import { Connection, type LinkState, type Socket, type Subscription, type Surroundings } from "./connection";

class FakeSocket implements Socket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  sent: string[] = [];
  closed = false;
  constructor(readonly url: string) {}
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.closed = true;
  }
  hello(...cells: string[]): void {
    this.onmessage?.({ data: JSON.stringify({ type: "hello", stream: "s", epoch: "e", cells }) });
  }
  tick(id: string): void {
    this.onmessage?.({
      data: JSON.stringify({ type: "tick", id, seq: 1, server_time: "2026-01-01T00:00:00Z" }),
    });
  }
}

class World implements Surroundings {
  address = "ws://wall/live";
  time = 0;
  sockets: FakeSocket[] = [];
  #timers: { at: number; every: number | null; run: () => void }[] = [];

  openSocket(url: string): FakeSocket {
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    return socket;
  }
  now(): number {
    return this.time;
  }
  every(ms: number, run: () => void): () => void {
    return this.#add({ at: this.time + ms, every: ms, run });
  }
  after(ms: number, run: () => void): () => void {
    return this.#add({ at: this.time + ms, every: null, run });
  }
  #add(timer: { at: number; every: number | null; run: () => void }): () => void {
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.time = due.at;
      if (due.every === null) this.#timers = this.#timers.filter((other) => other !== due);
      else due.at += due.every;
      due.run();
    }
    this.time = end;
  }
  /** Time goes by and no timer runs: the page was held up. */
  sleep(ms: number): void {
    this.time += ms;
    for (const timer of this.#timers) timer.at = Math.max(timer.at, this.time);
  }
  get latest(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }
}

const subscription: Subscription = {
  layers: ["units"],
  tile_layers: [],
  bbox: [-111, 32, -110, 33],
  zoom: 12,
};
let world: World;
let states: LinkState[];
let refused: number;
let connection: Connection;

beforeEach(() => {
  world = new World();
  states = [];
  refused = 0;
  connection = new Connection(
    world,
    {
      onMessage: () => undefined,
      onLink: (state) => states.push(state),
      onRefused: () => (refused += 1),
    },
    subscription,
  );
  connection.start();
});

describe("the link", () => {
  it("is live from the first tick", () => {
    world.latest.onopen?.();
    world.latest.tick("e:1:s");
    expect(states).toEqual(["live"]);
  });

  it("is lost within 8 s of silence, though the socket stays open", () => {
    world.latest.onopen?.();
    world.latest.tick("e:1:s");
    world.pass(5900);
    expect(states).toEqual(["live"]);
    world.pass(1000);
    expect(states).toEqual(["live", "lost"]);
    expect(world.sockets[0]?.closed).toBe(true);
  });

  it("does not take its own pause for a silence of the server", () => {
    world.latest.onopen?.();
    world.latest.tick("e:1:s");
    world.sleep(20_000);
    world.pass(250);
    world.latest.tick("e:2:s");
    world.pass(3000);
    expect(states).toEqual(["live"]);
    expect(world.sockets).toHaveLength(1);
  });

  it("rides out a short break without a banner", () => {
    world.latest.onopen?.();
    world.latest.tick("e:1:s");
    world.latest.onclose?.();
    world.pass(400);
    world.latest.onopen?.();
    world.latest.tick("e:2:s");
    world.pass(3000);
    expect(states).toEqual(["live"]);
  });

  it("resumes with the id of the last tick and recovers", () => {
    world.latest.onopen?.();
    world.latest.hello("a", "b");
    world.latest.tick("e:41:s");
    world.latest.onclose?.();
    world.pass(4000);
    expect(states).toEqual(["live", "lost"]);
    expect(new URL(world.latest.url).searchParams.get("after")).toBe("e:41:s");
    world.latest.onopen?.();
    world.latest.tick("e:42:s");
    expect(states).toEqual(["live", "lost", "live"]);
  });

  it("does not resume where features were dropped since", () => {
    const elsewhere: Subscription = { ...subscription, bbox: [-101, 32, -100, 33] };
    const after = (): string | null => new URL(world.latest.url).searchParams.get("after");
    const cut = (): void => {
      world.latest.onclose?.();
      world.pass(4000);
      world.latest.onopen?.();
    };
    world.latest.onopen?.();
    world.latest.hello("a", "b");
    world.latest.tick("e:41:here");
    cut();
    world.latest.hello("a", "b");
    cut();
    expect(after()).toBe("e:41:here");
    world.latest.hello("a", "b");
    world.latest.tick("e:42:here");
    // There and back: what was here is dropped with the answer from there, and no tick comes before the cut.
    connection.subscribe(elsewhere);
    world.latest.tick("e:43:here");
    world.latest.hello("b", "c");
    connection.subscribe(subscription);
    cut();
    expect(after()).toBeNull();
    world.latest.hello("a", "b");
    world.latest.tick("e:44:here");
    // The same while the link is cut.
    connection.subscribe(elsewhere);
    cut();
    world.latest.hello("b", "c");
    connection.subscribe(subscription);
    cut();
    expect(after()).toBeNull();
  });

  it("does not resume where the view changed after the last hello", () => {
    world.latest.onopen?.();
    world.latest.hello("a", "b");
    connection.subscribe({ ...subscription, zoom: subscription.zoom + 1 });
    world.latest.tick("e:41:here");
    world.latest.onclose?.();
    world.pass(300);
    expect(new URL(world.latest.url).searchParams.get("after")).toBeNull();
  });

  it("counts as lost when nothing ever came", () => {
    world.pass(7000);
    expect(states).toEqual(["lost"]);
  });

  it("backs off, but never further than 4 s", () => {
    for (let i = 0; i < 12; i += 1) {
      world.latest.onclose?.();
      world.pass(4000);
    }
    expect(world.sockets.length).toBeGreaterThanOrEqual(13);
    expect(refused).toBe(12);
  });

  it("sends a changed subscription once, and opens with it after a break", () => {
    world.latest.onopen?.();
    const changed = { ...subscription, zoom: 15 };
    connection.subscribe(changed);
    connection.subscribe({ ...changed });
    expect(world.latest.sent).toEqual([JSON.stringify({ type: "subscribe", ...changed })]);
    world.latest.onclose?.();
    world.pass(300);
    expect(new URL(world.latest.url).searchParams.get("zoom")).toBe("15");
  });

  it("ignores frames that are no JSON, and unknown types", () => {
    world.latest.onmessage?.({ data: "{" });
    world.latest.onmessage?.({ data: '{"type":"from-the-future"}' });
    expect(states).toEqual([]);
  });

  it("tells a subscription that changed while the socket was opening", () => {
    const elsewhere = { ...subscription, zoom: subscription.zoom + 1 };
    connection.subscribe(elsewhere);
    expect(world.latest.sent).toEqual([]);
    world.latest.onopen?.();
    expect(world.latest.sent).toEqual([JSON.stringify({ type: "subscribe", ...elsewhere })]);
  });
});
