// The state of each feed, in the words of the strip, from the server's last answer and the time that has passed since. Pure.
import type { Feed, FeedStatus } from "./server/shapes";
import { sentence } from "./words";
import { ageText, instant } from "./time/age";

export interface FeedState {
  name: string;
  title: string;
  status: FeedStatus;
  words: string;
  /** Why it fails, if it does. */
  reason: string | null;
}

/** What the sign of a feed means. */
export const FEED_SIGNS: Readonly<Record<FeedStatus, string>> = {
  live: "Heard of late",
  quiet: "Heard, but silent for over a minute; nothing was expected by now",
  stale: "Silent for longer than expected",
  failing: "Cannot be fetched or read",
  never: "Not heard yet, or not known",
};

const WORST_FIRST: FeedStatus[] = ["failing", "stale", "quiet", "live", "never"];

/** A feed can go stale between two answers of the server, which has said when. */
function statusNow(feed: Feed, now: number): FeedStatus {
  const staleAt = instant(feed.stale_at);
  return feed.status === "live" && staleAt !== null && now > staleAt ? "stale" : feed.status;
}

function words(status: FeedStatus, age: string, heard: boolean): string {
  if (status === "never") return "no data";
  if (status === "failing") return heard ? `FAILING ${age}` : "FAILING";
  return status === "stale" ? `STALE ${age}` : age;
}

/** While the link is lost nobody knows: every feed is shown as unknown, with the age of what was last heard. */
export function feedStates(feeds: readonly Feed[], now: number, linked = true): FeedState[] {
  return feeds
    .map((feed) => {
      const status = linked ? statusNow(feed, now) : "never";
      const received = instant(feed.last_received_at);
      const age = received === null ? "no data" : ageText((now - received) / 1000);
      return {
        name: feed.name,
        title: sentence(feed.name.replaceAll("-", "_")),
        status,
        words: linked ? words(status, age, feed.last_received_at !== null) : age,
        reason: status === "failing" ? feed.last_failure : null,
      };
    })
    .sort(
      (a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status) || a.name.localeCompare(b.name),
    );
}
