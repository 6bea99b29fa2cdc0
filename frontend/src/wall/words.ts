// Codes of upstream systems as words: `traffic_collision` reads `Traffic collision`, `enroute` reads `En route`.

/** Codes that are no words, or not as they are written. */
const WRITTEN = new Map([
  ["enroute", "en route"],
  ["onscene", "on scene"],
  ["alpr", "ALPR"],
  ["lpr", "LPR"],
  ["ptz", "PTZ"],
  ["cctv", "CCTV"],
  ["ems", "EMS"],
]);

export function sentence(code: string): string {
  const words = code.replaceAll("_", " ").trim().split(" ");
  const spaced = words.map((word) => WRITTEN.get(word) ?? word).join(" ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
