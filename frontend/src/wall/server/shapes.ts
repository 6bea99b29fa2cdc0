// The answers of the server that the wall reads, in its own words.
import type { Feature, FeatureCollection, Geometry } from "geojson";

import type { StyleSpecification } from "maplibre-gl";

import type { Value } from "../live/messages";

export interface Session {
  /** None for a key that is no person's. */
  role: string | null;
  clearances: string[];
  name: string;
  demo: boolean;
  banner: string | null;
  time_zone: string;
}

export interface CatalogField {
  type: string;
}
/** How the configuration wants a layer shown. */
export interface OnWall {
  /** All its features are held here; else they are fetched as vector tiles. */
  live: boolean;
  shown_at_first: boolean;
  /** The row of a replay in which it is counted; without one, the last. */
  replay_row?: string;
}
export interface CatalogLayer {
  name: string;
  title: string;
  kind: "state" | "sighting" | "derived";
  geometry: string[];
  zooms: [number, number];
  fields: Record<string, CatalogField>;
  stale_after_s: number;
  expire_after_s: number;
  retain_days: number;
  track: boolean;
  shown_as: string;
  wall: OnWall;
}
export interface Catalog {
  epoch: string;
  version: string;
  layers: CatalogLayer[];
}

/** The parts of a TileJSON that a map source needs. */
export interface TileSet {
  tiles: string[];
  minzoom: number;
  maxzoom: number;
  attribution: string;
}
/** What the map stands on: a MapLibre style, and the tiles of its one source. */
export interface Ground {
  style: StyleSpecification;
  basemap: TileSet;
}

export type FeedStatus = "live" | "quiet" | "stale" | "failing" | "never";
export interface Feed {
  name: string;
  adaptor: string;
  layer: string;
  status: FeedStatus;
  last_received_at: string | null;
  last_failure: string | null;
  /** These tell of every change, and so are for those alone who see all of the layer. */
  last_observed_at?: string | null;
  expect_every_s: number;
  /** From then on it is stale, unless it is heard before; null where silence is no fault. */
  stale_at: string | null;
  accepted_total?: number;
  rejected_total?: number;
}
export interface Feeds {
  server_time: string;
  feeds: Feed[];
}

export interface Scene {
  name: string;
  title: string;
  center: [number, number];
  zoom: number;
  bearing: number;
  pitch: number;
  layers: string[] | null;
  dwell_s: number;
}

export type Properties = Record<string, Value>;
export type Found = Feature<Geometry | null, Properties>;
export type FoundCollection = FeatureCollection<Geometry | null, Properties>;
