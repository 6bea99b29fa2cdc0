// The wall clock: 24 hours, in the city's own zone, whatever zone the display was set up in.

export interface ClockFace {
  time: string;
  zone: string;
  date: string;
}

/** An unknown zone falls back to UTC, which is at least said. */
export function clockFace(ms: number, timeZone: string): ClockFace {
  const zone = known(timeZone) ? timeZone : "UTC";
  const at = new Date(ms);
  const format = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(at);
  return {
    time: format({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }),
    zone: zoneName(at, zone),
    date: format({ weekday: "short", day: "numeric", month: "short" }).replace(",", ""),
  };
}

export function shortTime(ms: number, timeZone: string): string {
  return clockFace(ms, timeZone).time;
}

function zoneName(at: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "short" }).formatToParts(at);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? timeZone;
}

function known(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone });
    return true;
  } catch {
    return false;
  }
}
