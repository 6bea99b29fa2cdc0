// How large things are drawn. 1 is a 1080-line screen, where the smallest text is 20 px and can be read at five metres; a 2160-line
// wall doubles everything. `?scale=` overrides. The screen and not the window decides, so that browser zoom still enlarges.

export function wallScale(asked: number | null, screenHeight: number): number {
  if (asked !== null) return asked;
  return Math.min(4, Math.max(0.8, screenHeight / 1080));
}
