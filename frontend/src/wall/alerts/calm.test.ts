import { describe, expect, it } from "vitest";

import type { Feed } from "../server/shapes";
import { calmWords } from "./calm";

const ALL = ["cameras", "incidents", "alpr_hits", "blockages"];

function feed(layer: string, status: Feed["status"]): Feed {
  return {
    name: layer,
    adaptor: "geojson",
    layer,
    status,
    last_received_at: null,
    last_failure: null,
  } as Feed;
}

describe("what an empty rail says", () => {
  it("is that all is quiet where all are heard", () => {
    const feeds = [feed("incidents", "quiet"), feed("alpr_hits", "live"), feed("blockages", "live")];
    expect(calmWords(ALL, { feeds })).toMatch(/^All quiet/);
    expect(calmWords(ALL, { unrecorded: new Set(["units"]) })).toMatch(/^All quiet/);
  });

  it("names what this wall is not shown", () => {
    expect(calmWords(["cameras", "sites"], { feeds: [] })).toBe(
      "Nothing is listed. Not shown on this wall: incidents, plate hits, blockages.",
    );
  });

  it("names what nobody reports, of any feed of the layer", () => {
    const feeds = [feed("incidents", "never"), feed("alpr_hits", "failing"), feed("blockages", "stale")];
    expect(calmWords(ALL, { feeds })).toBe(
      "Nothing is listed. No feed reports: incidents, plate hits, blockages.",
    );
    expect(calmWords(ALL, { feeds: [...feeds, feed("incidents", "live"), feed("blockages", "quiet")] })).toBe(
      "Nothing is listed. No feed reports: plate hits.",
    );
  });

  it("names in a replay of what nothing was recorded by then", () => {
    expect(calmWords(ALL, { unrecorded: new Set(["alpr_hits", "units"]) })).toBe(
      "Nothing is listed. Nothing was recorded by then: plate hits.",
    );
    const nothing = { unrecorded: new Set(ALL) };
    expect(calmWords(ALL, nothing)).toBe("Nothing was recorded by then: incidents, plate hits, blockages.");
    expect(calmWords(["incidents"], nothing)).toBe(
      "Not shown on this wall: plate hits, blockages. Nothing was recorded by then: incidents.",
    );
  });
});
