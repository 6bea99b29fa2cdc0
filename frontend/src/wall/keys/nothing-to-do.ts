// What to say where a key has nothing to do: a key that is silent looks broken. Pure.
import { hasPlate } from "../details";
import type { Wall } from "../state/wall.svelte";
import type { Command } from "./bindings";

type Seen = Pick<
  Wall,
  "scenes" | "cards" | "currentCard" | "selected" | "mayOpenPlates" | "focus" | "part" | "link"
>;

function noScene({ scenes }: Seen, index: number): string | null {
  if (index < scenes.length) return null;
  if (scenes.length === 0) return "There are no scenes.";
  return scenes.length === 1 ? "There is one scene." : `There are ${String(scenes.length)} scenes.`;
}

function noneToAcknowledge({ cards, currentCard, selected }: Seen): string | null {
  if (cards.length === 0) return "No alarm to acknowledge.";
  const chosen = currentCard ?? selected?.key;
  return cards.some(({ key }) => key === chosen) ? null : "No alarm is chosen: [ and ] go through them.";
}

function noPlate({ selected, mayOpenPlates }: Seen): string | null {
  if (!hasPlate(selected?.feature ?? null)) return "Nothing with a plate is open.";
  return mayOpenPlates ? null : "This session may not see plates.";
}

/** Null where there is something to do. */
export function nothingToDo(command: Command, wall: Seen): string | null {
  switch (command.do) {
    case "scene":
      return noScene(wall, command.index);
    case "alert":
      return wall.cards.length === 0 ? "There is no alarm." : null;
    case "acknowledge":
      return noneToAcknowledge(wall);
    case "plate":
      return noPlate(wall);
    case "pin":
      return wall.focus === null ? "There is no inset to pin." : null;
    case "replay":
      // The displays of one view have no replay in common, and none of them may show another time than its neighbour.
      return wall.part === null ? null : "One of several displays shows no replay.";
    case "theme":
      return wall.link === "lost" ? "There is no other style while the connection is lost." : null;
    case "cycle":
      return noScene(wall, 1);
    default:
      return null;
  }
}
