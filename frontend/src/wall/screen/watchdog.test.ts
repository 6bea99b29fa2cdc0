// When a page that has grown too large may be loaded anew.
import { describe, expect, it } from "vitest";

import { isQuietMoment, isTooLarge, type Moment } from "./watchdog";

const MB = 2 ** 20;
const calm: Moment = { up_ms: 3_600_000, live: true, busy: false, sinceAlarm_ms: 600_000 };

describe("the memory watchdog", () => {
  it("minds a gigabyte, or what the browser allows if that is less", () => {
    expect(isTooLarge({ usedJSHeapSize: 900 * MB, jsHeapSizeLimit: 4096 * MB })).toBe(false);
    expect(isTooLarge({ usedJSHeapSize: 1100 * MB, jsHeapSizeLimit: 4096 * MB })).toBe(true);
    expect(isTooLarge({ usedJSHeapSize: 400 * MB, jsHeapSizeLimit: 512 * MB })).toBe(true);
  });

  it("waits for a moment in which nobody misses anything", () => {
    expect(isQuietMoment(calm)).toBe(true);
    expect(isQuietMoment({ ...calm, live: false })).toBe(false);
    expect(isQuietMoment({ ...calm, busy: true })).toBe(false);
    expect(isQuietMoment({ ...calm, sinceAlarm_ms: 5000 })).toBe(false);
    expect(isQuietMoment({ ...calm, up_ms: 1000 })).toBe(false);
  });
});
