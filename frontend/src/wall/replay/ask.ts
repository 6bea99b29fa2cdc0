// Questions about the past. A refusal carries the server's own words.
import { detailOf, Refused } from "../server/ask";
import { parseFrame, type LiveMessage } from "../live/messages";
import type { Timeline } from "./shapes";

/** What is wanted of the past: as of the live stream. */
export interface Wanted {
  layers: string[];
  tile_layers?: string[];
  bbox: [number, number, number, number];
  zoom: number;
}

export const wholeSecond = (at: number): number => Math.floor(at / 1000) * 1000;
/** An instant as the address and the server take it. */
export const secondText = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

async function answered(path: string): Promise<Response> {
  const answer = await fetch(path, {
    headers: { Accept: "application/json" },
    credentials: "same-origin",
  });
  if (!answer.ok) throw new Refused(answer.status, await detailOf(answer));
  return answer;
}

/** The messages that lead from an earlier answer, or from nothing, to the picture of an instant. */
export async function askPast(wanted: Wanted, at: number, after: string | null): Promise<LiveMessage[]> {
  const query = new URLSearchParams({
    layers: wanted.layers.join(","),
    bbox: wanted.bbox.map((degrees) => degrees.toFixed(5)).join(","),
    zoom: String(wanted.zoom),
    at: secondText(at),
  });
  if (wanted.tile_layers !== undefined && wanted.tile_layers.length > 0) {
    query.set("tile_layers", wanted.tile_layers.join(","));
  }
  if (after !== null) query.set("after", after);
  return parseFrame(await (await answered(`/past?${query.toString()}`)).text());
}

export async function askTimeline(
  layers: readonly string[],
  from: number,
  to: number,
  step_s: number,
): Promise<Timeline> {
  const query = new URLSearchParams({
    layers: layers.join(","),
    from: secondText(from),
    to: secondText(to),
    step_s: String(step_s),
  });
  return (await (await answered(`/timeline?${query.toString()}`)).json()) as Timeline;
}
