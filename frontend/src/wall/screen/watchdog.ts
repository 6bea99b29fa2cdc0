// A wall runs for weeks. Before a page runs out of memory it is loaded anew, at a moment when nobody would miss anything: the link is
// live, nothing is open, nothing has just happened. The address holds all that the new page needs. Pure but for `watchMemory`.

const MB = 2 ** 20;
const MOST_MB = 1024;
/** Of what the browser allows. */
const MOST_SHARE = 0.7;
/** A page that is too large at once would be so again. */
const LEAST_UP_MS = 15 * 60_000;
const CALM_MS = 120_000;
const LOOK_EVERY_MS = 60_000;

export interface Memory {
  usedJSHeapSize: number;
  jsHeapSizeLimit: number;
}

export const isTooLarge = ({ usedJSHeapSize, jsHeapSizeLimit }: Memory): boolean =>
  usedJSHeapSize > Math.min(MOST_MB * MB, MOST_SHARE * jsHeapSizeLimit);

export interface Moment {
  up_ms: number;
  live: boolean;
  /** A panel, details or an inset are open. */
  busy: boolean;
  sinceAlarm_ms: number;
}

export const isQuietMoment = ({ up_ms, live, busy, sinceAlarm_ms }: Moment): boolean =>
  live && !busy && up_ms >= LEAST_UP_MS && sinceAlarm_ms >= CALM_MS;

/** Only Chromium says how much memory a page uses; elsewhere nothing is watched. */
export function watchMemory(moment: () => Moment, reload: () => void): void {
  const { memory } = performance as Performance & { memory?: Memory };
  if (memory === undefined) return;
  setInterval(() => {
    const { memory: now } = performance as Performance & { memory?: Memory };
    if (now !== undefined && isTooLarge(now) && isQuietMoment(moment())) reload();
  }, LOOK_EVERY_MS);
}
