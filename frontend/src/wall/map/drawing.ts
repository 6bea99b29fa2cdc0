// What one layer of the catalog looks like on the map: small builders shared by every drawing in `overlay/`.
import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  SymbolLayerSpecification,
} from "maplibre-gl";

import type { DataColours } from "../../look/palette";

/** A style layer without its source, which is added by whoever knows where the features come from. */
export type Drawn = LayerSpecification extends infer Each
  ? Each extends { source: string }
    ? Omit<Each, "source" | "source-layer">
    : never
  : never;

export interface Drawing {
  /** The sprite image that stands for the layer in lists. */
  icon: string;
  /** The one that stands for a feature with these properties, where the layer has several. */
  iconOf?(properties: Readonly<Record<string, unknown>>): string;
  /** Above which others it is drawn: areas, then lines, then places, then what moves, then what alarms. */
  rank: number;
  layers(colours: DataColours): Drawn[];
}

export const sourceOf = (layer: string): string => `data-${layer}`;

export const onlyPoints: FilterSpecification = ["==", ["geometry-type"], "Point"];
export const onlyLines: FilterSpecification = ["==", ["geometry-type"], "LineString"];
export const onlyAreas: FilterSpecification = ["==", ["geometry-type"], "Polygon"];

/** The text of a field, or of the first of several that is there. */
export function field(...names: string[]): ExpressionSpecification {
  return [
    "to-string",
    ["coalesce", ...names.map((name): ExpressionSpecification => ["get", name]), ""],
  ] as ExpressionSpecification;
}

/** Age by fading: fresh in full, ageing a little less, stale as a ghost. Never deletion. */
export function faded(full = 1): ExpressionSpecification {
  return ["match", ["get", "freshness"], "stale", full * 0.35, "ageing", full * 0.72, full];
}

/** `prefix-value-suffix`, where value is one of the known ones, else `other`. */
export function iconName(
  prefix: string,
  value: ExpressionSpecification,
  known: readonly string[],
  otherwise: string,
  suffix: ExpressionSpecification | string,
): ExpressionSpecification {
  const kind: ExpressionSpecification = ["match", value, [...known], value, otherwise];
  return ["concat", `${prefix}-`, kind, ...(suffix === "" ? [] : ["-", suffix])] as ExpressionSpecification;
}

/** The same for one feature, outside the map. */
export function iconNameOf(
  prefix: string,
  value: unknown,
  known: readonly string[],
  otherwise: string,
  suffix = "",
): string {
  const kind = typeof value === "string" && known.includes(value) ? value : otherwise;
  return [prefix, kind, ...(suffix === "" ? [] : [suffix])].join("-");
}

type SymbolLayout = NonNullable<SymbolLayerSpecification["layout"]>;

/** Below its symbol if there is room, else above it, else beside it, else at a corner or a little away. */
const BESIDE_SYMBOL: (string | [number, number])[] = [
  "top",
  [0, 1.7],
  "bottom",
  [0, -1.7],
  "left",
  [1.7, 0],
  "right",
  [-1.7, 0],
  "top-left",
  [1.2, 1.2],
  "top-right",
  [-1.2, 1.2],
  "bottom-left",
  [1.2, -1.2],
  "bottom-right",
  [-1.2, -1.2],
  "top",
  [0, 3],
  "bottom",
  [0, -3],
];

/** A place symbol that is always shown, with a label that gives way where it is crowded. */
export function marker(
  id: string,
  image: ExpressionSpecification | string,
  colours: DataColours,
  more: { layout?: SymbolLayout; label?: ExpressionSpecification; minzoom?: number; labelFrom?: number } = {},
): Drawn {
  const label: SymbolLayout =
    more.label === undefined
      ? {}
      : {
          "text-field": ["step", ["zoom"], "", more.labelFrom ?? 13, more.label],
          "text-font": ["Atkinson Hyperlegible Bold"],
          "text-size": 18,
          "text-variable-anchor-offset": BESIDE_SYMBOL,
          "text-justify": "auto",
          "text-optional": true,
          "text-max-width": 9,
          "text-line-height": 1.05,
        };
  return {
    id,
    type: "symbol",
    ...(more.minzoom === undefined ? {} : { minzoom: more.minzoom }),
    filter: onlyPoints,
    layout: {
      "icon-image": image,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.62, 12, 0.82, 15, 1],
      "icon-allow-overlap": true,
      "icon-ignore-placement": false,
      ...label,
      ...more.layout,
    },
    paint: {
      "icon-opacity": faded(),
      "text-opacity": faded(),
      "text-color": colours.label,
      "text-halo-color": colours.label_halo,
      "text-halo-width": 2,
    },
  };
}
