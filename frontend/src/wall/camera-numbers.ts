// One number per camera of a selection, the same in the lists and on the map: those that see the point first, then the nearest. Pure.
import type { Found } from "./server/shapes";
import type { Answer } from "./state/wall.svelte";

const here = (answer: Answer<Found[]>): Found[] => (answer.is === "here" ? answer.value : []);

export interface Numbered {
  camera: Found;
  number: number;
}

export function numberedCameras(seeing: Answer<Found[]>, near: Answer<Found[]>): Map<string, Numbered> {
  const numbered = new Map<string, Numbered>();
  for (const camera of [...here(seeing), ...here(near)]) {
    const id = String(camera.id ?? "");
    if (!numbered.has(id)) numbered.set(id, { camera, number: numbered.size + 1 });
  }
  return numbered;
}
