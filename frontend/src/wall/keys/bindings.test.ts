// Keys: each does one thing, and none takes a browser shortcut away.
import { describe, expect, it } from "vitest";

import { commandFor, type Key } from "./bindings";

const press = (key: string, held: Partial<Key> = {}): Key => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...held,
});

describe("keys", () => {
  it.each([
    ["1", { do: "scene", index: 0 }],
    ["9", { do: "scene", index: 8 }],
    ["l", { do: "layers" }],
    ["r", { do: "replay" }],
    ["]", { do: "alert", step: 1 }],
    ["Enter", { do: "details" }],
    ["ArrowUp", { do: "pan", x: 0, y: -1 }],
  ])("%s", (key, command) => expect(commandFor(press(key))).toEqual(command));

  it("capitals from caps lock work, F with shift is fullscreen", () => {
    expect(commandFor(press("L"))).toEqual({ do: "layers" });
    expect(commandFor(press("F", { shiftKey: true }))).toEqual({ do: "fullscreen" });
    expect(commandFor(press("F"))).toEqual({ do: "find" });
  });

  it("+ and ? need shift on many keyboards", () => {
    expect(commandFor(press("+", { shiftKey: true }))).toEqual({ do: "zoom", by: 1 });
    expect(commandFor(press("?", { shiftKey: true }))).toEqual({ do: "help" });
  });

  it("leaves the browser its shortcuts", () => {
    for (const held of ["ctrlKey", "altKey", "metaKey"] as const) {
      expect(commandFor(press("f", { [held]: true }))).toBeNull();
    }
    expect(commandFor(press("Tab"))).toBeNull();
    expect(commandFor(press("0"))).toBeNull();
  });
});
