// One display of several that show one view together: `?cell=2,1&grid=3,1&bezel=40`. Cells are counted from the top left, column first;
// the middle of the view is the middle of the grid, and without a grid that of cell 1,1. Between two pictures lie as many pixels of the
// view as the frames between two displays hide, so that a street runs straight on behind them. Displays are taken to be equal in size,
// and the view to be seen from straight above. Pure.

export interface Part {
  column: number;
  row: number;
  columns: number;
  rows: number;
  bezel_px: [x: number, y: number];
}

export const MOST_CELLS = 32;
export const WIDEST_BEZEL_PX = 1000;

export function wholes(text: string | null): [number, number] | null {
  const [x, y, ...more] = (text ?? "").split(",").map(Number);
  if (x === undefined || y === undefined || more.length > 0) return null;
  const fits = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= MOST_CELLS;
  return fits(x) && fits(y) ? [x, y] : null;
}

export function readBezel(text: string): [number, number] | null {
  const [x = NaN, y = x, ...more] = text.split(",").map((part) => (part === "" ? NaN : Number(part)));
  const fits = (px: number): boolean => px >= 0 && px <= WIDEST_BEZEL_PX;
  return more.length === 0 && fits(x) && fits(y) ? [x, y] : null;
}

/** Null for a display that stands alone, and for a cell that the grid does not have. */
export function readPart(query: URLSearchParams): Part | null {
  const cell = wholes(query.get("cell"));
  const grid = wholes(query.get("grid"));
  if (cell === null) return null;
  const [column, row] = cell;
  const [columns, rows] = grid ?? [1, 1];
  if (grid !== null && (column > columns || row > rows)) return null;
  return { column, row, columns, rows, bezel_px: readBezel(query.get("bezel") ?? "") ?? [0, 0] };
}

/** The parameters of an address that say the same, without their separators. */
export function writePart({ column, row, columns, rows, bezel_px: [x, y] }: Part): string[] {
  const parts = [`cell=${String(column)},${String(row)}`];
  if (columns > 1 || rows > 1) parts.push(`grid=${String(columns)},${String(rows)}`);
  if (x > 0 || y > 0) parts.push(`bezel=${x === y ? String(x) : `${String(x)},${String(y)}`}`);
  return parts;
}

/** How far the middle of this display lies right of and below the middle of the view, in px of displays of this size. */
export function awayFromMiddle(part: Part, width: number, height: number): [x: number, y: number] {
  const [bezelX, bezelY] = part.bezel_px;
  const across = (part.column - (part.columns + 1) / 2) * (width + bezelX);
  const down = (part.row - (part.rows + 1) / 2) * (height + bezelY);
  return [across, down];
}

/** Whether this display carries what is there once for all: header, rail, insets and sound. It is the upper one on the right. */
export const leads = (part: Part | null): boolean =>
  part === null || (part.row === 1 && part.column === part.columns);

/** Whether its rail stands on the left: where the display that leads is the left one of those beside it, or nobody says. */
export const railOnLeft = (part: Part | null): boolean => part !== null && part.columns === 1;
