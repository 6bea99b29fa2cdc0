// ALPR reads: never single reads on a wall, only counts per H3 cell, which the shared cell drawing shows.
import type { Drawing } from "../drawing";

export const alprReads: Drawing = { icon: "area-cells", rank: 5, layers: () => [] };
