// Questions to the server. Every answer is checked for its status; a refusal becomes a `Refused` with the problem's own words.
import type { Box } from "../live/area";
import type { Catalog, Feeds, Found, FoundCollection, Ground, Scene, Session, TileSet } from "./shapes";

export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(path, {
    headers: { Accept: "application/geo+json, application/json" },
    credentials: "same-origin",
    ...(signal ? { signal } : {}),
  });
  if (!answer.ok) throw new Refused(answer.status, await detailOf(answer));
  return (await answer.json()) as T;
}

export async function detailOf(answer: Response): Promise<string> {
  try {
    const problem = (await answer.json()) as { detail?: string; title?: string };
    return problem.detail ?? problem.title ?? `The server answered ${answer.status}.`;
  } catch {
    return `The server answered ${answer.status}.`;
  }
}

const place = (lon: number, lat: number): string => `lon=${lon.toFixed(6)}&lat=${lat.toFixed(6)}`;

export const askSession = (): Promise<Session> => ask("/session");
export const askCatalog = (): Promise<Catalog> => ask("/catalog");
export const askFeeds = (): Promise<Feeds> => ask("/feeds");
export const askScenes = async (): Promise<Scene[]> => (await ask<{ scenes: Scene[] }>("/scenes")).scenes;
export const askStreams = async (): Promise<Record<string, string>> =>
  (await ask<{ streams: Record<string, string> }>("/streams")).streams;
export const askNear = (lon: number, lat: number, signal: AbortSignal): Promise<FoundCollection> =>
  ask(`/near?${place(lon, lat)}&layer=cameras&limit=5`, signal);
export const askSeeing = (lon: number, lat: number, signal: AbortSignal): Promise<FoundCollection> =>
  ask(`/seeing?${place(lon, lat)}`, signal);
export const askSearch = (words: string, signal: AbortSignal): Promise<FoundCollection> =>
  ask(`/search?q=${encodeURIComponent(words)}`, signal);
/** The boxes of what there is, one for each layer that has a place and something in it. */
export const askExtents = async (): Promise<Box[]> => {
  const { collections } = await ask<{ collections: { extent?: { spatial?: { bbox: Box[] } } }[] }>(
    "/ogc/collections",
  );
  return collections.flatMap(({ extent }) => extent?.spatial?.bbox.slice(0, 1) ?? []);
};
export const askFeature = (
  layer: string,
  id: string,
  at: string | null,
  signal?: AbortSignal,
): Promise<Found & { trail?: unknown }> => {
  const path = `/ogc/collections/${encodeURIComponent(layer)}/items/${encodeURIComponent(id)}`;
  return ask(at === null ? path : `${path}?at=${encodeURIComponent(at)}`, signal);
};

/** The style and, at the same time, where its tiles are: MapLibre alone would ask for one after the other. */
export async function askGround(theme: string): Promise<Ground> {
  const [style, basemap] = await Promise.all([
    ask<Ground["style"]>(`/styles/${theme}`),
    ask<TileSet>("/tiles/basemap"),
  ]);
  return { style, basemap };
}
