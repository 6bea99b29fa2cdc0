// One running server with a store of its own: starts the real binary on a free port, makes keys and links, and can die and come
// back at the same address. Nothing outlives `close`.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import path from "node:path";
import readline from "node:readline";
import { promisify } from "node:util";

const project = fileURLToPath(new URL("../..", import.meta.url));
const target = path.resolve(project, process.env.CARGO_TARGET_DIR ?? "target");
const binary = process.env.ATALAYA_BIN ?? path.join(target, "debug", "atalaya");

export const DOWNTOWN = [-110.9747, 32.2217];

export class Server {
  #process = null;
  #keys = new Map();
  config = [];

  static async start() {
    const server = new Server();
    server.folder = await mkdtemp(path.join(tmpdir(), "atalaya-browser-"));
    server.data = path.join(server.folder, "data");
    await server.launch("127.0.0.1:0");
    return server;
  }

  /** With a configuration, as text. */
  static async configured(toml) {
    const server = new Server();
    server.folder = await mkdtemp(path.join(tmpdir(), "atalaya-browser-"));
    server.data = path.join(server.folder, "data");
    const file = path.join(server.folder, "atalaya.toml");
    await writeFile(file, toml);
    server.config = ["--config", file];
    await server.launch("127.0.0.1:0");
    return server;
  }

  /** The demo city, with its scenario running faster than real time. */
  static async demo() {
    const server = new Server();
    server.folder = await mkdtemp(path.join(tmpdir(), "atalaya-browser-"));
    await server.launch("127.0.0.1:0", ["demo", "--speed", "5"]);
    return server;
  }

  async launch(listen = new URL(this.base).host, command = ["serve", "--data", this.data]) {
    // A throw-away store goes where everything else of this server goes.
    const options = { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, TMPDIR: this.folder } };
    const child = spawn(binary, [...command, ...this.config, "--listen", listen], options);
    this.#process = child;
    this.log = [];
    this.printed = [];
    readline.createInterface({ input: child.stderr }).on("line", (line) => this.log.push(line));
    const lines = readline.createInterface({ input: child.stdout });
    lines.on("line", (line) => this.printed.push(line));
    const first = await Promise.race([once(lines, "line"), once(child, "exit")]);
    const base = /^listening on (http:\/\/\S+)$/.exec(String(first[0]))?.[1];
    if (base === undefined) throw new Error(`the server said ${String(first[0])}:\n${this.log.join("\n")}`);
    this.base = base;
  }

  /** Dies without a word, as in a power cut. */
  async kill() {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  async close() {
    await this.kill();
    // What the server started may write for a moment longer.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  async command(...args) {
    const { stdout } = await promisify(execFile)(binary, [...args, ...this.config, "--data", this.data]);
    return stdout.trim();
  }

  /** The address of a one-time sign-in link, at this server's own address. */
  async link(role = "operator", clearance = "") {
    const printed = await this.command("link", "--role", role, "--clearance", clearance);
    const token = /\/sign-in#(\S+)/.exec(printed)?.[1];
    if (token === undefined) throw new Error(`no link in ${printed}`);
    return `${this.base}/sign-in#${token}`;
  }

  /** Posts GeoJSON features to a feed; all of them must be accepted. */
  async post(feed, ...features) {
    if (!this.#keys.has(feed)) this.#keys.set(feed, await this.command("key", "create", "--feed", feed));
    const answer = await fetch(`${this.base}/feeds/${feed}`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#keys.get(feed)}`, "content-type": "application/json" },
      body: JSON.stringify({ type: "FeatureCollection", features }),
    });
    const receipt = await answer.json();
    if (answer.status !== 200 || receipt.rejected.length > 0) throw new Error(JSON.stringify(receipt));
    return receipt;
  }
}

/** A point feature, so many thousandths of a degree east and north of downtown. */
export function point(id, east, north, properties) {
  const coordinates = [DOWNTOWN[0] + east / 1000, DOWNTOWN[1] + north / 1000];
  return { type: "Feature", id, geometry: { type: "Point", coordinates }, properties };
}
