// Plates are masked on a wall: people pass by. The first and the last two characters are enough to match a radio call.

export function maskedPlate(plate: string): string {
  const bare = plate.replace(/[^\p{L}\p{N}]/gu, "");
  if (bare.length < 5) return "•".repeat(Math.max(3, bare.length));
  return `${bare.slice(0, 1)}${"•".repeat(bare.length - 3)}${bare.slice(-2)}`;
}
