// The clock of a replay: where it stands, how fast it runs, and where it has to stop. Pure: the machine's time is an argument, and
// every change gives a new clock.

export const SPEEDS = [1, 5, 15, 60] as const;
export type Speed = (typeof SPEEDS)[number];

const STEPS_AHEAD = 3;

/** The instants that can be shown, both included. */
export interface Span {
  from: number;
  to: number;
}

export interface PlayClock {
  /** Where it stood, in ms since 1970 … */
  readonly at: number;
  /** … when the machine's clock said this. */
  readonly since: number;
  readonly speed: Speed;
  readonly playing: boolean;
}

export const clamped = (at: number, { from, to }: Span): number => Math.min(to, Math.max(from, at));

export function standing(at: number, machine: number): PlayClock {
  return { at, since: machine, speed: 1, playing: false };
}

export function instantOf(clock: PlayClock, machine: number): number {
  return clock.playing ? clock.at + (machine - clock.since) * clock.speed : clock.at;
}

/** The clock as of now, so that what changes next counts from here. */
function settled(clock: PlayClock, machine: number): PlayClock {
  return { ...clock, at: instantOf(clock, machine), since: machine };
}

export function soughtTo(clock: PlayClock, at: number, span: Span, machine: number): PlayClock {
  return { ...clock, at: clamped(at, span), since: machine };
}

export function withSpeed(clock: PlayClock, speed: Speed, machine: number): PlayClock {
  return { ...settled(clock, machine), speed };
}

export function played(clock: PlayClock, playing: boolean, machine: number): PlayClock {
  return { ...settled(clock, machine), playing };
}

/** The next faster or slower speed; the last one stays. */
export function stepSpeed(speed: Speed, step: 1 | -1): Speed {
  const at = SPEEDS.indexOf(speed) + step;
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at))] ?? speed;
}

/** A clock that has run to the end of the span stands there: a replay never turns into the present by itself. */
export function heldWithin(clock: PlayClock, span: Span, machine: number): PlayClock {
  const at = instantOf(clock, machine);
  const inside = clamped(at, span);
  if (inside === at) return clock;
  return { ...clock, at: inside, since: machine, playing: clock.playing && inside < span.to };
}

/** A clock waits for its pictures: it is never further than a few of them ahead of what is shown. */
export function notAheadOf(clock: PlayClock, shown: number, machine: number): PlayClock {
  const most = shown + STEPS_AHEAD * stepEvery_ms(clock.speed) * clock.speed;
  return clock.playing && instantOf(clock, machine) > most ? { ...clock, at: most, since: machine } : clock;
}

/** How long to wait between two pictures: a second of the city at 1×, twice a second when it runs faster. */
export const stepEvery_ms = (speed: Speed): number => (speed === 1 ? 1000 : 500);
