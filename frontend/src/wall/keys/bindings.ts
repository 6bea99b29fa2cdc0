// Which key does what. Pure: a key event in, a command out; what commands do is elsewhere. Keys are silent while somebody types.

export type Command =
  | { do: "scene"; index: number }
  | { do: "pan"; x: number; y: number }
  | { do: "zoom"; by: number }
  | { do: "alert"; step: 1 | -1 }
  | { do: "feature"; step: 1 | -1 }
  | {
      do:
        | "layers"
        | "find"
        | "details"
        | "acknowledge"
        | "pin"
        | "plate"
        | "mute"
        | "theme"
        | "cycle"
        | "fullscreen"
        | "replay"
        | "help"
        | "sound"
        | "back";
    };

export interface Key {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

const NAMED: Record<string, Command> = {
  "[": { do: "alert", step: -1 },
  "]": { do: "alert", step: 1 },
  ",": { do: "feature", step: -1 },
  ".": { do: "feature", step: 1 },
  "+": { do: "zoom", by: 1 },
  "=": { do: "zoom", by: 1 },
  "-": { do: "zoom", by: -1 },
  "?": { do: "help" },
  Enter: { do: "details" },
  Escape: { do: "back" },
  ArrowLeft: { do: "pan", x: -1, y: 0 },
  ArrowRight: { do: "pan", x: 1, y: 0 },
  ArrowUp: { do: "pan", x: 0, y: -1 },
  ArrowDown: { do: "pan", x: 0, y: 1 },
  l: { do: "layers" },
  f: { do: "find" },
  a: { do: "acknowledge" },
  p: { do: "pin" },
  o: { do: "plate" },
  m: { do: "mute" },
  v: { do: "sound" },
  d: { do: "theme" },
  c: { do: "cycle" },
  r: { do: "replay" },
};

/** Null where the key is not ours: the browser keeps it. */
export function commandFor(event: Key): Command | null {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.shiftKey && key === "f") return { do: "fullscreen" };
  if (/^[1-9]$/.test(key)) return { do: "scene", index: Number(key) - 1 };
  if (event.shiftKey && /^[a-z]$/.test(key)) return null;
  return NAMED[key] ?? null;
}

/** What the help dialog lists. */
export const KEY_HELP: readonly { keys: string[]; does: string }[] = [
  { keys: ["1", "–", "9"], does: "Open a scene" },
  { keys: ["C"], does: "Cycle through the scenes" },
  { keys: ["["], does: "Previous alert" },
  { keys: ["]"], does: "Next alert" },
  { keys: [","], does: "Previous feature on the map" },
  { keys: ["."], does: "Next feature on the map" },
  { keys: ["Enter"], does: "Details, and the cameras that see it" },
  { keys: ["PgUp", "PgDn"], does: "Scroll the details" },
  { keys: ["A"], does: "Acknowledge on this display" },
  { keys: ["P"], does: "Pin the inset of an alarm" },
  { keys: ["O"], does: "Show or hide a plate, with clearance" },
  { keys: ["R"], does: "Replay of the last 24 hours, paused at 5 minutes ago; again, or Esc: live" },
  { keys: ["Space"], does: "In a replay: go on or pause" },
  { keys: ["←", "→", "[", "]"], does: "On the timeline: move, slower, faster" },
  { keys: ["L"], does: "Layers" },
  { keys: ["F"], does: "Find" },
  { keys: ["D"], does: "Day or night" },
  { keys: ["M"], does: "Sound on or off" },
  { keys: ["V"], does: "Volume and quiet hours" },
  { keys: ["Shift", "F"], does: "Fullscreen" },
  { keys: ["←", "↑", "→", "↓"], does: "Move the map" },
  { keys: ["+", "−"], does: "Zoom" },
  { keys: ["Esc"], does: "Back, close" },
  { keys: ["?"], does: "This help" },
];
