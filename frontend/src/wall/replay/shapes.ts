// What the wall shows of a replay, and what the server tells about the time that can be replayed.
import type { Row } from "./histogram";
import type { Span, Speed } from "./play-clock";

/** `GET /timeline`. */
export interface Timeline {
  from: string;
  to: string;
  step_s: number;
  kept_from: string | null;
  layers: { layer: string; counts: number[] | null }[];
}

/** The histogram under the playhead. */
export interface Past {
  rows: Row[];
  from: number;
  step_s: number;
}

export interface Replaying {
  at: number;
  /** What the map and the rail show; null before the first picture came. */
  drawn: number | null;
  playing: boolean;
  speed: Speed;
  span: Span;
  past: Past | null;
  trouble: string | null;
  /** The layers of which nothing was recorded by then. */
  unrecorded: ReadonlySet<string>;
  /** Alarms of severity 1 and 2 that came meanwhile, and are not shown. */
  news: number;
}
