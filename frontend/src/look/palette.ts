// The palette, from the one file that the symbols and basemap styles are drawn from too.
import palette from "../../../styles/palette.json";

import type { Theme } from "../wall/view/address";

export type DataColours = (typeof palette)["night"]["data"];

export const dataColours = (theme: Theme): DataColours => palette[theme].data;
export const symbolColours = palette.symbol;

/** Hands the interface colours of a theme to CSS as custom properties: `--panel`, `--severity-1`, and so on. */
export function paintInterface(theme: Theme, root: HTMLElement): void {
  for (const [name, colour] of Object.entries(palette[theme].ui)) {
    root.style.setProperty(`--${name.replaceAll("_", "-")}`, colour);
  }
  root.style.colorScheme = theme === "night" ? "dark" : "light";
  root.dataset["theme"] = theme;
}
