// Symbols come in the density of the full resolution, however few pixels are drawn when a style is fetched: MapLibre would take the coarse
// ones then and keep them, and what is drawn sharp again later would have soft symbols. Nothing is fetched or changed twice. Pure.

const SPRITE = /^([^?#]*?)(?:@2x)?\.(json|png)(?=[?#]|$)/;

/** Of the symbols for a map with so many pixels drawn for one of the style. */
export const densityOf = (fullRatio: number): 1 | 2 => (fullRatio > 1 ? 2 : 1);

/** `fullRatio`: pixels drawn for one of the style where the display can bear it. */
export function sharpSymbols(fullRatio: number): (url: string, type?: string) => { url: string } {
  const density = densityOf(fullRatio) === 2 ? "@2x" : "";
  return (url, type) => {
    const isSprite = type === "SpriteJSON" || type === "SpriteImage";
    return { url: isSprite ? url.replace(SPRITE, `$1${density}.$2`) : url };
  };
}
