// Where a display keeps how it sounds. A browser that keeps nothing sounds as it did at first.
import type { SoundSettings } from "./settings";

const PLACE = "atalaya-sound";

export function keptSound(): string | null {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}

export function keepSound(settings: SoundSettings): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify(settings));
  } catch {
    // Storage is full or forbidden; the settings hold until the page goes.
  }
}
