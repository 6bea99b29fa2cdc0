// Everything a wall needs before it can show anything, asked for at once: nothing here waits for anything else, so that a page is live
// after the longest of these and not after their sum.
import { askCatalog, askGround, askScenes, askSession } from "./server/ask";
import type { Ground, CatalogLayer, Scene, Session } from "./server/shapes";
import { until } from "./server/until";
import type { Theme } from "./view/address";

type StageCode = typeof import("./map/stage");

export interface Opening {
  session: Promise<Session>;
  catalog: Promise<CatalogLayer[]>;
  scenes: Promise<Scene[]>;
  /** Null where the server cannot give its style just now. */
  ground: Promise<Ground | null>;
  stage: Promise<StageCode>;
  fonts: Promise<unknown>;
}

const FONTS = ['16px "Atkinson Hyperlegible"', '16px "Atkinson Hyperlegible Bold"'];

export function beginOpening(theme: Theme, onTrouble: (why: string | null) => void): Opening {
  return {
    session: until(askSession, onTrouble),
    catalog: until(async () => (await askCatalog()).layers, onTrouble),
    scenes: until(askScenes, onTrouble),
    ground: askGround(theme).catch(() => null),
    stage: until(() => import("./map/stage"), onTrouble),
    fonts: Promise.all(FONTS.map((font) => document.fonts.load(font))).catch(() => undefined),
  };
}
