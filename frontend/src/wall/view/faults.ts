// What an address asks for and does not get: one sentence for each value that makes no sense, with the limit it breaks and what is
// done instead. A wall opens whatever its address says, but never silently otherwise than it says. Pure.
import { readQuiet, readVolume } from "../sound/settings";
import { LARGEST_SCALE, MOST_FOCUS_S, readInstant, readPose, SMALLEST_SCALE } from "./address";
import { MOST_CELLS, readBezel, WIDEST_BEZEL_PX, wholes } from "./part";

const CELLS = `two whole numbers from 1 to ${String(MOST_CELLS)}, such as 2,1`;

interface Rule {
  is(value: string): boolean;
  /** `must be …`. */
  limit: string;
  otherwise: string;
}

const oneOf = (values: readonly string[], otherwise: string): Rule => ({
  is: (value) => values.includes(value),
  limit: values.join(" or "),
  otherwise,
});

const within = (text: string | undefined, low: number, high: number): boolean =>
  text !== undefined && text.trim() !== "" && Number(text) >= low && Number(text) <= high;

function isPose(text: string): boolean {
  const [, , zoom, , pitch = "0"] = text.split(",");
  return readPose(text) !== null && within(zoom, 0, 22) && within(pitch, 0, 60);
}

const RULES: Record<string, Rule> = {
  at: {
    is: isPose,
    limit: "lon,lat,zoom[,bearing,pitch] with lon to ±180, lat to ±85, zoom 0 to 22, pitch 0 to 60",
    otherwise: "What can be used of it is used.",
  },
  scale: {
    is: (text) => within(text, SMALLEST_SCALE, LARGEST_SCALE),
    limit: `a number from ${String(SMALLEST_SCALE)} to ${String(LARGEST_SCALE)}`,
    otherwise: "What suits the screen is used.",
  },
  style: oneOf(["night", "day"], "Night is shown."),
  cycle: oneOf(["1", "0"], "Scenes stand still."),
  focus: {
    is: (text) => text === "off" || within(text, 0, MOST_FOCUS_S),
    limit: `off, or seconds from 0 to ${String(MOST_FOCUS_S)}`,
    otherwise: "The usual time is used.",
  },
  sound: oneOf(["on", "off"], "It is as it was set on this display."),
  volume: {
    is: (text) => within(text, 0, 100) && readVolume(text) !== null,
    limit: "a number from 0 to 100",
    otherwise: "It is as it was set on this display.",
  },
  quiet: {
    is: (text) => readQuiet(text) !== null,
    limit: "two times, such as 22:00-06:00",
    otherwise: "It is as it was set on this display.",
  },
  cell: { is: (text) => wholes(text) !== null, limit: CELLS, otherwise: "The whole view is shown." },
  grid: { is: (text) => wholes(text) !== null, limit: CELLS, otherwise: "It is left out." },
  bezel: {
    is: (text) => readBezel(text) !== null,
    limit: `one or two numbers from 0 to ${String(WIDEST_BEZEL_PX)}`,
    otherwise: "No frame is counted.",
  },
  replay: {
    is: (text) => readInstant(text) !== null,
    limit: "an instant to the second, such as 2026-03-01T04:14:05Z",
    otherwise: "The present is shown.",
  },
};

const CHECKED_LATER = ["scene", "layers"];

function outsideGrid(query: URLSearchParams): string[] {
  const [cell, grid] = [wholes(query.get("cell")), wholes(query.get("grid"))];
  if (grid !== null && cell === null && query.get("cell") === null)
    return [`grid=${grid.join(",")} says nothing without cell=. The whole view is shown.`];
  if (cell === null || grid === null || (cell[0] <= grid[0] && cell[1] <= grid[1])) return [];
  return [
    `cell=${cell.join(",")} is outside the grid: the last cell of grid=${grid.join(",")} is ${grid.join(",")}. The whole view is shown.`,
  ];
}

/** What can be said before the server has answered. */
export function addressFaults(search: string): string[] {
  const query = new URLSearchParams(search);
  const faults: string[] = [];
  for (const [name, value] of query) {
    const rule = RULES[name];
    if (rule === undefined) {
      if (!CHECKED_LATER.includes(name))
        faults.push(
          `${name}= is not known. Known are: ${[...CHECKED_LATER, ...Object.keys(RULES)].join(", ")}.`,
        );
    } else if (!rule.is(value)) {
      faults.push(`${name}=${value} cannot be used: it must be ${rule.limit}. ${rule.otherwise}`);
    }
  }
  return [...faults, ...outsideGrid(query)];
}

/** What can be said once it is known what there is. */
export function unknownNames(
  asked: { scene: string | null; layers: readonly string[] | null },
  scenes: readonly string[],
  layers: readonly string[],
): string[] {
  const faults: string[] = [];
  const { scene } = asked;
  if (scene !== null && !scenes.includes(scene)) {
    const known = scenes.length === 0 ? "There are none here." : `Known are: ${scenes.join(", ")}.`;
    const shown = scenes[0] === undefined ? "" : ` ${scenes[0]} is shown.`;
    faults.push(`scene=${scene} is not known. ${known}${shown}`);
  }
  const strange = (asked.layers ?? []).filter((name) => !layers.includes(name));
  if (strange.length > 0) {
    faults.push(`layers=${strange.join(",")}: no such layer here. Known are: ${layers.join(", ")}.`);
  }
  return faults;
}
