// Codes of upstream systems as words: `traffic_collision` reads `Traffic collision`.

export function sentence(code: string): string {
  const spaced = code.replaceAll("_", " ").trim();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
