// The wall's one stream. Keeps a WebSocket to `/live` open, notices silence by a timer of its own (a dead link sends no close),
// reconnects with `after=` where it left off, and says whether the link is loading, live or lost. Knows nothing of maps.
import { parseFrame, type LiveMessage } from "./messages";

export type LinkState = "loading" | "live" | "lost";

/** Silence after which an open socket is given up; the server ticks at least every 3 s. */
export const SILENT_AFTER_MS = 6000;
/** Silence after which the link counts as lost when the socket is known to be closed. */
export const CLOSED_AFTER_MS = 2500;
const WATCH_EVERY_MS = 250;
/** A page that was held up has messages waiting that it has not read yet: of a longer gap no more than this counts as silence. */
const MOST_BETWEEN_LOOKS_MS = 1000;
const BACKOFF_MS = [250, 500, 1000, 2000, 4000];

export interface Subscription {
  /** Whose features flow. */
  layers: string[];
  /** Of which only the changed tiles are told. */
  tile_layers: string[];
  bbox: [number, number, number, number];
  zoom: number;
}

/** The few socket members used, so that a test can stand in for the browser's. */
export interface Socket {
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Surroundings {
  address: string;
  openSocket(url: string): Socket;
  now(): number;
  every(ms: number, run: () => void): () => void;
  after(ms: number, run: () => void): () => void;
}

export interface Listeners {
  onMessage(message: LiveMessage): void;
  onLink(state: LinkState): void;
  /** The socket closed before a single message came: signed out, perhaps. */
  onRefused(): void;
}

export function subscriptionQuery(subscription: Subscription, after: string | null): string {
  const query = new URLSearchParams({
    layers: subscription.layers.join(","),
    bbox: subscription.bbox.map((degrees) => degrees.toFixed(5)).join(","),
    zoom: String(subscription.zoom),
    batch: "1",
  });
  if (subscription.tile_layers.length > 0) query.set("tile_layers", subscription.tile_layers.join(","));
  if (after !== null) query.set("after", after);
  return query.toString();
}

export class Connection {
  #subscription: Subscription;
  #socket: Socket | null = null;
  #after: string | null = null;
  /** The layers and cells of the last hello: what is held belongs to these. */
  #held = "";
  /** What was wanted at the last hello: tiles that came into sight since may have changed unnamed. */
  #greeted: Subscription | null = null;
  #heardAt: number;
  #lookedAt: number;
  #silent_ms = 0;
  #waited_ms = 0;
  #closed = true;
  #failures = 0;
  #state: LinkState = "loading";
  #stops: (() => void)[] = [];
  #cancelRetry: (() => void) | null = null;

  constructor(
    private readonly around: Surroundings,
    private readonly listeners: Listeners,
    subscription: Subscription,
  ) {
    this.#subscription = subscription;
    this.#heardAt = around.now();
    this.#lookedAt = around.now();
  }

  start(): void {
    this.#stops.push(this.around.every(WATCH_EVERY_MS, () => this.#watch()));
    this.#connect();
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#cancelRetry?.();
    this.#drop();
  }

  /** When the last tick came, on this machine's clock. */
  get heardAt(): number {
    return this.#heardAt;
  }

  subscribe(subscription: Subscription): void {
    if (JSON.stringify(subscription) === JSON.stringify(this.#subscription)) return;
    this.#subscription = subscription;
    if (this.#socket !== null && !this.#closed) this.#tell(this.#socket);
  }

  #tell(socket: Socket): void {
    socket.send(JSON.stringify({ type: "subscribe", ...this.#subscription }));
  }

  /** Tries at once, for example when the browser says the network is back. */
  retryNow(): void {
    if (this.#state === "live" || this.#socket !== null) return;
    this.#cancelRetry?.();
    this.#connect();
  }

  #connect(): void {
    this.#cancelRetry = null;
    const asked = this.#subscription;
    const after = asked === this.#greeted ? this.#after : null;
    const socket = this.around.openSocket(`${this.around.address}?${subscriptionQuery(asked, after)}`);
    let heardAnything = false;
    this.#socket = socket;
    this.#waited_ms = 0;
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      this.#closed = false;
      // Somebody looked elsewhere while the socket was opening.
      if (this.#subscription !== asked) this.#tell(socket);
    };
    socket.onmessage = (event) => {
      if (this.#socket !== socket || typeof event.data !== "string") return;
      heardAnything = true;
      for (const message of parseFrame(event.data)) this.#receive(message);
    };
    socket.onerror = () => undefined;
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      if (!heardAnything) this.listeners.onRefused();
      this.#retry();
    };
  }

  #receive(message: LiveMessage): void {
    if (message.type === "hello") this.#greet(message.cells);
    if (message.type === "tick") {
      this.#after = message.id;
      this.#heardAt = this.around.now();
      this.#silent_ms = 0;
      this.#waited_ms = 0;
      this.#failures = 0;
    }
    this.listeners.onMessage(message);
    if (message.type === "tick") this.#become("live");
  }

  /** What is held of other layers and cells is dropped now: to go on from a tick before that would leave gaps. */
  #greet(cells: string[]): void {
    const held = JSON.stringify([this.#subscription.layers, cells]);
    if (held !== this.#held) this.#after = null;
    this.#held = held;
    this.#greeted = this.#subscription;
  }

  #watch(): void {
    const now = this.around.now();
    const passed = Math.min(MOST_BETWEEN_LOOKS_MS, now - this.#lookedAt);
    this.#lookedAt = now;
    this.#silent_ms += passed;
    this.#waited_ms += passed;
    const patience = this.#closed && this.#state === "live" ? CLOSED_AFTER_MS : SILENT_AFTER_MS;
    if (this.#silent_ms > patience) this.#become("lost");
    if (this.#socket !== null && this.#waited_ms > SILENT_AFTER_MS) this.#retry();
  }

  #retry(): void {
    this.#drop();
    const wait = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)] ?? 4000;
    this.#failures += 1;
    this.#cancelRetry?.();
    this.#cancelRetry = this.around.after(wait, () => this.#connect());
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#closed = true;
    if (socket === null) return;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
  }

  #become(state: LinkState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.listeners.onLink(state);
  }
}

/** The real browser. */
export function browserSurroundings(): Surroundings {
  const address = new URL("/live", window.location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return {
    address: address.href,
    openSocket: (url) => new WebSocket(url) as unknown as Socket,
    now: () => performance.now(),
    every: (ms, run) => {
      const timer = setInterval(run, ms);
      return () => clearInterval(timer);
    },
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  };
}
